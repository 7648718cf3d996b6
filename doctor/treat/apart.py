"""An act in a thread and a loop of its own: a screen's loop never waits for the disk that the journal is written to."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
Place = tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]


async def apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What the work gives. Being cancelled cancels the work, and waits until it has left things in order."""
    begun: Future[Place] = Future()

    async def inside() -> T:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs is in a task
        begun.set_result((asyncio.get_running_loop(), task))
        return await work()

    # A future of the executor is no task: a loop that ends cancels all tasks, and would not wait for this.
    outside = asyncio.get_running_loop().run_in_executor(None, lambda: asyncio.run(inside()))
    try:
        return await asyncio.shield(outside)
    except asyncio.CancelledError:
        _cancel(begun)
        while not outside.done():
            with contextlib.suppress(asyncio.CancelledError):  # whoever is impatient waits all the same
                await asyncio.wait({outside})
        outside.exception()  # seen: whoever cancelled does not want to hear of it
        raise


def _cancel(begun: "Future[Place]") -> None:
    """Cancel the work as soon as it has begun."""

    def cancel(place: "Future[Place]") -> None:
        loop, task = place.result()
        with contextlib.suppress(RuntimeError):  # it ended just now, and its loop with it
            loop.call_soon_threadsafe(task.cancel)

    begun.add_done_callback(cancel)
