"""Calls to a store, one after the other in a thread of their own.

Stores' libraries block, and some of their objects belong to the thread that made them. The thread is a daemon: a call
that hangs is left behind when the run is over, and the program ends all the same.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Worker:
    """One thread with a loop of its own; `call` waits for it on an event loop, `do` without one."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._work, name="store", daemon=True).start()

    async def call(self, work: Callable[[], T]) -> T:
        """The result of `work`, done in the thread. Raises what it raises."""
        return await asyncio.wrap_future(self._begun(work))

    def do(self, work: Callable[[], T], timeout_s: float) -> T:
        """The same, waiting for at most `timeout_s`. Raises TimeoutError."""
        return self._begun(work).result(timeout_s)

    def end(self) -> None:
        """Let the thread end after what it is doing."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _begun(self, work: Callable[[], T]) -> "Future[T]":
        async def done() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(done(), self._loop)

    def _work(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()
