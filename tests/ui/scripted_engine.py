"""An engine without torch, for the tests of the window's end of the link.

It is asked by `ChannelOf`, whose node says what to do. Run as a script.
"""

from __future__ import annotations

import os
import signal
import sys
import time

import numpy as np

from netviz_desktop.link import frames, messages


def say(call: int, message: messages.Message) -> None:
    for piece in frames.encode(call, message):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def answer(call: int, request: messages.ChannelOf, held: set[int]) -> None:
    match request.node:
        case "size":
            say(call, messages.Channel(request.index, np.ones((request.index, 1000), np.float32)))
        case "pid":
            say(call, messages.Channel(os.getpid(), np.zeros((1, 1), np.float32)))
        case "progress":
            say(call, messages.Progress(0.5, "half way"))
            say(call, messages.Channel(0, np.zeros((1, 1), np.float32)))
        case "hold":
            say(call, messages.Progress(-1.0, "holding"))
            held.add(call)
        case "fail":
            say(call, messages.Failed("It failed.", "Try again."))
        case "defect":
            say(call, messages.Crashed("ValueError: no", "Traceback: here"))
        case "exit":
            sys.stderr.write("last words\n")
            sys.stderr.flush()
            os._exit(7)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "deaf":
            say(call, messages.Progress(-1.0, "deaf"))
            time.sleep(600)
        case "babble":
            sys.stdout.buffer.write(b"this is not a frame at all")
            sys.stdout.buffer.flush()


def main() -> None:
    say(0, messages.Hello("0", "none", "cpu", (), ()))
    decoder = frames.Decoder()
    held: set[int] = set()
    while data := os.read(0, 1 << 16):
        for frame in decoder.feed(data):
            match frame.message:
                case messages.Cancel():
                    if frame.call in held:
                        say(frame.call, messages.Stopped())
                case messages.ChannelOf() as request:
                    answer(frame.call, request, held)
                case messages.RunImage() as request:
                    say(
                        frame.call,
                        messages.Channel(len(request.data), np.zeros((1, 1), np.float32)),
                    )


if __name__ == "__main__":
    main()
