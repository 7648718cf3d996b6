"""An act in a thread of its own: its value, its error, and what happens to it when it is cancelled. Real threads."""

import asyncio
import threading

import pytest

from doctor.errors import TreatError
from doctor.treat.apart import apart


async def test_it_gives_its_value_and_runs_in_another_thread():
    async def work():
        return threading.get_ident()

    assert await apart(work) != threading.get_ident()


async def test_its_error_is_ours():
    async def work():
        raise TreatError("no")

    with pytest.raises(TreatError, match="no"):
        await apart(work)


async def test_cancelled_it_tidies_up_before_that_is_known_even_to_the_impatient():
    begun, done = threading.Event(), []

    async def work():
        try:
            begun.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            for number in range(5):
                await asyncio.sleep(0.01)
                done.append(number)
            raise

    task = asyncio.ensure_future(apart(work))
    await asyncio.to_thread(begun.wait)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.005)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [0, 1, 2, 3, 4]


def test_a_loop_that_ends_waits_for_it():
    """As when the face is left in the middle of a step."""
    begun, done = threading.Event(), []

    async def work():
        try:
            begun.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)
            done.append("tidy")
            raise

    async def face():
        kept.append(asyncio.ensure_future(apart(work)))
        await asyncio.to_thread(begun.wait)

    kept = []
    asyncio.run(face())
    assert done == ["tidy"]
