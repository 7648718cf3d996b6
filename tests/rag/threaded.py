"""A server of the tests in a thread of its own, for programs in other processes."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future


@contextlib.contextmanager
def in_thread(serving: Callable[[], contextlib.AbstractAsyncContextManager]) -> Iterator[object]:
    """What the async context manager gives, held open in a thread for the time of the block."""
    ready: Future = Future()
    stop: Future = Future()

    async def stay() -> None:
        async with serving() as value:
            ended = asyncio.Event()
            stop.set_result((asyncio.get_running_loop(), ended))
            ready.set_result(value)
            await ended.wait()

    thread = threading.Thread(target=asyncio.run, args=(stay(),), daemon=True)
    thread.start()
    try:
        yield ready.result(timeout=20)
    finally:
        loop, ended = stop.result(timeout=20)
        loop.call_soon_threadsafe(ended.set)
        thread.join(timeout=20)
