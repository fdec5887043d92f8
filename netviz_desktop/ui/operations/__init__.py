"""One file for each thing a person does in the window.

An operation asks the engine and sets `Selection`; it says what went wrong through its
`failed` signal, as a `Problem`, and knows no menu and no bar. Functions that only ask the
person for something give it to a callback: nothing here blocks the window.
"""
