"""Blocking calls with a deadline: a driver that hangs must not hang the program, not even at its end."""

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

from doctor.errors import TooLate

T = TypeVar("T")


class Call(Generic[T]):
    """A blocking call in its thread; what it returns or raises is carried over to the coroutine that waits."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.loop = asyncio.get_running_loop()
        self.result: asyncio.Future[T] = self.loop.create_future()
        self.work = work

    def __enter__(self) -> "Call[T]":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if error is not None:
            self._settle(lambda: self.result.set_exception(error))
        return True

    def run(self) -> None:
        """Make the call; runs in the thread."""
        with self:
            value = self.work()
            self._settle(lambda: self.result.set_result(value))

    def _settle(self, settle: Callable[[], None]) -> None:
        # Nobody waits any more when the deadline has passed or the program is ending.
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(lambda: None if self.result.done() else settle())


async def in_thread(work: Callable[[], T], deadline_s: float, what: str) -> T:
    """The result of a blocking call, made off the event loop. Raises TooLate, and whatever the call raises.

    The thread is a daemon: unlike those of the loop's own pool it is not waited for when the program ends.
    """
    call = Call(work)
    threading.Thread(target=call.run, daemon=True, name=what).start()
    try:
        return await asyncio.wait_for(call.result, deadline_s)
    except TimeoutError:
        msg = f"{what} gave no answer within {deadline_s:.0f} s"
        raise TooLate(msg) from None
