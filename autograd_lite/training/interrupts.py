"""Ctrl-C between updates, never within one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C waiting while the body runs, so that no update is left half done; it takes effect right after.

    Python runs signal handlers in the main thread alone: elsewhere there is nothing to hold. A handler that is not a
    Python function (the signal is ignored, or ends the process) stays in place.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    frames = []
    signal.signal(signal.SIGINT, lambda _, frame: frames.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if frames:  # if the body raised an error, that error is what ends the run
        handler(signal.SIGINT, frames[0])
