"""Ctrl-C from the first moment on: noted before it is raised.

Python drops an exception that is raised inside a callback of its own, such as the one that frees an import lock; a
Ctrl-C at that moment would be lost, and a run that somebody wanted to stop would go on to its end.
"""

import signal
import threading
from types import FrameType

noted: list[int] = []


def note_interrupts() -> None:
    """Note every SIGINT and raise KeyboardInterrupt as usual. Only the main thread may change handlers."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _note)


def usual_interrupts() -> None:
    """Python's own handling again, on which asyncio and the full-screen view rely."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _note(number: int, _: FrameType | None) -> None:
    noted.append(number)
    raise KeyboardInterrupt
