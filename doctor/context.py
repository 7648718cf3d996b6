"""What a check or a collector can ask for: facts by type, each collected once."""

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from doctor.errors import DoctorError, Skip
from doctor.facts.fact import Fact
from doctor.model import Depth
from doctor.quick_plan import Plan

if TYPE_CHECKING:
    from doctor.http import Client
    from doctor.stores.index import OpenIndex

F = TypeVar("F", bound=Fact)
Collector = Callable[["Context"], Awaitable[Fact]]
EMBEDDER, CHAT = "embedder", "chat"
NO_CHAT = "no model that answers is known; name its server with --chat-target"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A server to examine, as the user or discovery named it."""

    url: str  # as given, cleaned: scheme://host[:port][/path]
    named: bool = True
    origin: str = "--target"  # "--target", "OLLAMA_HOST", "port 11434", ...
    model: str = ""
    api_key: str = ""  # never in a report
    index: "OpenIndex | None" = None  # an index is examined, with the servers that embed and answer for it
    again: tuple[str, ...] = ()  # the command that examines this again, where it is not `check --target URL`


class Tally:
    """Requests sent on behalf of one check."""

    def __init__(self) -> None:
        self.requests = 0


current_tally: contextvars.ContextVar[Tally | None] = contextvars.ContextVar("tally", default=None)


class Budget:
    """What a run may still spend on the model: requests, output tokens and seconds.

    The quick set's bounds are in the design: 28 requests and 650 output tokens. Its `plan` says what falls when the
    model is slow; None: nothing does.
    """

    def __init__(self, *, requests: int, output_tokens: int, deadline_s: float, plan: Plan | None = None) -> None:
        self.requests_left = requests
        self.output_tokens_left = output_tokens
        self.plan = plan
        self.ends_at = asyncio.get_running_loop().time() + deadline_s

    def seconds_left(self) -> float:
        """Seconds until the run must end."""
        return self.ends_at - asyncio.get_running_loop().time()


class Context:
    """The facts of one target. Facts of the machine are shared with the other targets of the run.

    `peers` are the servers that belong to an index, "embedder" and "chat"; what the index cannot say is asked of the
    embedder.
    """

    def __init__(  # noqa: PLR0913 - everything that a target shares with its run
        self,
        target: Target,
        depth: Depth,
        collectors: Mapping[type[Fact], Collector],
        *,
        host: "Context | None" = None,
        http: "Client | None" = None,
        budget: Budget | None = None,
        model_lock: asyncio.Lock | None = None,
        peers: "Mapping[str, Context] | None" = None,
    ) -> None:
        self.peers = peers or {}
        self.target = target
        self.depth = depth
        self.budget = budget
        self.model_lock = model_lock or asyncio.Lock()
        self._collectors = collectors
        self._host = host
        self._http = http
        self._pending: dict[type[Fact], asyncio.Task[Fact]] = {}
        self._crashed: set[type[Fact]] = set()

    @property
    def http(self) -> "Client":
        """The client bound to the target; a replayed context has none."""
        if self._http is None:
            raise Skip("a saved report is replayed: nothing is asked of a server")
        return self._http

    @property
    def index(self) -> "OpenIndex":
        """The open index of the target. Raises `Skip` where there is none, as in a replayed report."""
        if self.target.index is None:
            raise Skip("no index is open")
        return self.target.index

    def peer(self, name: str) -> "Context":
        """The server of an index that embeds or answers. Raises `Skip` when it is not known."""
        if name not in self.peers:
            raise Skip("no embedding model is known; name its server with --target" if name == EMBEDDER else NO_CHAT)
        return self.peers[name]

    async def fact(self, kind: type[F]) -> F:
        """The one fact of this type. Raises `Skip` when it cannot be had, with the reason."""
        if self._host is not None and self._host.knows(kind):
            return await self._host.fact(kind)
        if EMBEDDER in self.peers and not self.knows(kind) and self.peers[EMBEDDER].knows(kind):
            return await self.peers[EMBEDDER].fact(kind)
        task = self._pending.get(kind)
        if task is None:
            collector = self._collectors.get(kind)
            if collector is None:
                raise Skip(f"this server gives no way to learn its {words(kind)}")
            task = asyncio.ensure_future(self._collect(collector))
            self._pending[kind] = task
        # wait, not await: a check that runs out of time must not take the fact from the others that wait for it
        await asyncio.wait({task})
        error = task.exception()
        if error is not None and not isinstance(error, Skip):
            if kind in self._crashed:
                raise Skip(f"its {words(kind)} could not be collected")
            self._crashed.add(kind)
        return cast("F", task.result())

    def at_hand(self, kind: type[F]) -> F | None:
        """The fact if it was collected already; nothing is asked for it."""
        if self._host is not None and self._host.knows(kind):
            return self._host.at_hand(kind)
        task = self._pending.get(kind)
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return None
        return cast("F", task.result())

    async def _collect(self, collector: Collector) -> Fact:
        try:
            return await collector(self)
        except DoctorError as error:
            raise Skip(str(error)) from error

    def settled(self, kind: type[F]) -> F | None:
        """The fact if it has been collected already; None where it was not asked for, or could not be had."""
        task = self._pending.get(kind)
        if task is not None and task.done() and not task.cancelled() and task.exception() is None:
            return cast("F", task.result())
        embedder = self.peers.get(EMBEDDER)
        return embedder.settled(kind) if embedder else None

    def knows(self, kind: type[Fact]) -> bool:
        """Whether this context has a way to collect the fact."""
        return kind in self._collectors

    def collected(self) -> dict[str, Any]:
        """Facts that are there, by type name, and the reasons for those that are not; for the report."""
        facts: dict[str, Any] = {}
        for kind, task in self._pending.items():
            if not task.done() or task.cancelled():
                continue
            error = task.exception()
            if isinstance(error, Skip):
                facts[kind.__name__] = {"skipped": error.reason}
            elif error is None:
                facts[kind.__name__] = msgspec.to_builtins(task.result())
        embedder = self.peers.get(EMBEDDER)
        return {**embedder.collected(), **facts} if embedder else facts

    async def close(self) -> None:
        """Stop what is still being collected."""
        for task in self._pending.values():
            task.cancel()
        for task in self._pending.values():
            with contextlib.suppress(BaseException):
                await task


def words(kind: type[Fact]) -> str:
    """A fact's type name as words, `ChatTemplate` -> `chat template`, or its own words."""
    return kind.WORDS or "".join(
        " " + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(kind.__name__)
    )


@contextlib.contextmanager
def tallied() -> Iterator[Tally]:
    """Count the requests sent inside this block, also by collectors that it starts."""
    tally = Tally()
    token = current_tally.set(tally)
    try:
        yield tally
    finally:
        current_tally.reset(token)
