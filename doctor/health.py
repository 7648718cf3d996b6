"""A server's health in a few requests: what answers, whether it is ready, how busy it is. Never makes it generate.

Lighter than a passive run by two orders of magnitude: no checks, no look at the machine. For probes of containers and
for an exporter that asks hundreds of servers.
"""

import asyncio
import time
from typing import Any

import msgspec

from doctor.collect import target_collectors
from doctor.context import Context, Target
from doctor.errors import DoctorError, Skip
from doctor.facts import Fact, Identity, Models, Slots
from doctor.http import Client
from doctor.model import Depth
from doctor.visit import origin

LIVE_STATES = frozenset({"ready", "loading", "locked", "busy"})


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What one look found; `reason` says why it is not ready."""

    url: str
    state: str = "down"  # as Identity.state, or "down"
    runtime: str = ""
    version: str = ""
    models: int | None = None
    slots: int | None = None
    slots_busy: int | None = None
    seconds: float = 0.0
    reason: str = ""

    @property
    def live(self) -> bool:
        """Whether a model server runs there, were it still loading."""
        return self.state in LIVE_STATES

    @property
    def ready(self) -> bool:
        """Whether it can answer a request now."""
        return self.state in ("ready", "busy") and self.models != 0


async def look(target: Target, deadline_s: float) -> Health:
    """One look within the deadline; whatever is wrong becomes the state and the reason."""
    began_s = time.perf_counter()
    try:
        async with asyncio.timeout(deadline_s):
            found = await _looked(target)
    except TimeoutError:
        found = Health(url=target.url, reason=f"no answer within {deadline_s:g} s")
    return msgspec.structs.replace(found, seconds=time.perf_counter() - began_s)


async def _looked(target: Target) -> Health:
    try:
        client = Client(origin(target.url), api_key=target.api_key)
    except DoctorError as error:
        return Health(url=target.url, reason=str(error))
    context = Context(target, Depth.PASSIVE, target_collectors(), http=client)
    try:
        identity = await context.fact(Identity)
        models, slots = await asyncio.gather(_maybe(context, Models), _maybe(context, Slots))
    except Skip as skip:
        return Health(url=target.url, reason=skip.reason)
    finally:
        await context.close()
        await client.close()
    return Health(
        url=target.url,
        state=identity.state,
        runtime=identity.runtime,
        version=identity.version,
        models=len(models.names) if models else None,
        slots=slots.total if slots else None,
        slots_busy=slots.busy if slots else None,
        reason="" if identity.state == "ready" else f"the server is {identity.state}",
    )


async def _maybe(context: Context, kind: type[Fact]) -> Any:  # noqa: ANN401 - one of the fact types
    try:
        return await context.fact(kind)
    except Skip:
        return None


# What tells a known server's pulse with one cheap request; any other is asked for its list of models.
PULSES = {"llama.cpp": "/health", "ollama": "/api/version"}
MODELS, SLOTS = "/v1/models", "/slots"
LOOKS_BETWEEN = 40  # pulses between two whole looks: ten minutes at fifteen seconds


class Watched:
    """A target that is looked at again and again: whole at first and after a change, by its pulse in between."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.health: Health | None = None
        self._client: Client | None = None
        self._pulses = 0

    async def again(self, deadline_s: float) -> Health:
        """The health now."""
        known = self.health
        if known is not None and known.state == "ready" and self._pulses < LOOKS_BETWEEN:
            self._pulses += 1
            now = await self._pulse(known, deadline_s)
            if now is not None:
                self.health = now
                return now
        self._pulses = 0
        self.health = await look(self.target, deadline_s)
        return self.health

    async def _pulse(self, known: Health, deadline_s: float) -> Health | None:
        """The known health confirmed by one request, or None where a whole look is due."""
        began_s = time.perf_counter()
        slots = known.runtime == "llama.cpp" and known.slots_busy is not None
        try:
            client = self._client = self._client or Client(origin(self.target.url), api_key=self.target.api_key)
            answer = await client.get(SLOTS if slots else PULSES.get(known.runtime, MODELS), deadline_s=deadline_s)
            if answer.status != 200 or (known.runtime == "ollama" and known.version.encode() not in answer.body):
                return None
            busy = _busy(answer.json()) if slots else known.slots_busy
        except DoctorError:
            return None
        return msgspec.structs.replace(known, slots_busy=busy, seconds=time.perf_counter() - began_s)

    async def close(self) -> None:
        """Give the connection back."""
        if self._client is not None:
            await self._client.close()


def _busy(slots: Any) -> int | None:  # noqa: ANN401 - untrusted JSON
    """Slots at work in llama.cpp's list of them."""
    if not isinstance(slots, list):
        return None
    return sum(bool(slot.get("is_processing")) for slot in slots if isinstance(slot, dict))
