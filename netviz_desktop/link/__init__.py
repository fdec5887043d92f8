"""All that the window and the engine say to each other.

`messages` are what can be said, `frames` how it travels: as bytes over any stream, so
that the engine may run in a child process or on another machine.
"""
