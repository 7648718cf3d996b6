"""Whether a server answers and is done loading, by its own signature."""

import asyncio
import time
from urllib.parse import urlsplit

from doctor.collect import target_collectors
from doctor.context import Context, Target
from doctor.errors import DoctorError, Skip, TreatError
from doctor.facts import Identity
from doctor.http import Client
from doctor.model import Depth

NOT_YET = ("loading", "broken", "foreign")
READY_S = 300.0  # a large model from a slow disk
POLL_S = 0.25


async def is_ready(url: str) -> bool:
    """Whether the server there can be asked; one that wants a key can."""
    client = Client(origin(url))
    context = Context(Target(url=url), Depth.PASSIVE, target_collectors(), http=client)
    try:
        return (await context.fact(Identity)).state not in NOT_YET
    except (Skip, DoctorError):
        return False
    finally:
        await context.close()
        await client.close()


async def until_ready(url: str, name: str) -> None:
    """Wait for a server that something else has started. Raises TreatError when it does not come up."""
    ends_s = time.monotonic() + READY_S
    while not await is_ready(url):
        if time.monotonic() > ends_s:
            raise TreatError(f"{name} was not ready after {READY_S:.0f} s")
        await asyncio.sleep(POLL_S)


def origin(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def port_of(url: str) -> int:
    """The TCP port of a URL."""
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
