"""Other people's work on a patient: requests that keep some of its slots busy while the doctor is there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from doctor.errors import Trouble
from doctor.http import Client

WORK = {"prompt": "A long story about a river.", "n_predict": 400, "ignore_eos": True, "temperature": 1.0}
DEADLINE_S = 300.0


@contextlib.asynccontextmanager
async def others_at_work(url: str, number: int) -> AsyncIterator[None]:
    """Keep so many requests under way for the time of the block, each followed by the next."""
    async with Client(url) as client:
        tasks = [asyncio.create_task(_work(client)) for _ in range(number)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _work(client: Client) -> None:
    with contextlib.suppress(Trouble):  # the engine ends before its guests
        while True:
            await client.post("/completion", WORK, deadline_s=DEADLINE_S)
