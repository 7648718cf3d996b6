"""The Prometheus exporter: asks every target in turn, serves what it found, and probes on demand what is on its list.

One task a target, so that one that hangs delays no other. Only targets on the list are asked: an exporter that asked
anything would be a door into the network.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Sequence
from urllib.parse import parse_qs, urlsplit

from doctor import __version__
from doctor.check import Thresholds
from doctor.context import Target
from doctor.health import Health, Watched, look
from doctor.model import Depth
from doctor.report.prometheus import Family, Labels, families
from doctor.text import one_line

INTERVAL_S = 15.0
DEADLINE_S = 5.0
AT_ONCE = 16  # looks under way; more only fight for the processor
SCRAPE_MARGIN_S = 0.5  # a probe ends this much before Prometheus gives up
DEFAULT_SCRAPE_S = 10.0
HEAD_DEADLINE_S = 5.0
MAX_HEAD_BYTES = 16 << 10
MODULES = ("health", "passive")
Reply = tuple[int, str, str]


class Exporter:
    """The targets, the last look at each, and the answers to requests."""

    def __init__(
        self,
        targets: Sequence[Target],
        interval_s: float = INTERVAL_S,
        deadline_s: float = DEADLINE_S,
        thresholds: Thresholds | None = None,
    ) -> None:
        self.targets = {target.url: target for target in targets}
        self.names = {
            target.origin.removeprefix("target "): target for target in targets if target.origin.startswith("target ")
        }
        self.interval_s = interval_s
        self.deadline_s = min(deadline_s, interval_s)
        self.thresholds = thresholds or {}
        self.health: dict[str, Health] = {}
        self.looked_at: dict[str, float] = {}
        self.looks = 0
        self._turn = asyncio.Semaphore(AT_ONCE)

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look at every target each interval, spread over it."""
        tasks = [
            asyncio.ensure_future(self._keep_looking(target, number))
            for number, target in enumerate(self.targets.values())
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_looking(self, target: Target, number: int) -> None:
        await asyncio.sleep(self.interval_s * number / max(1, len(self.targets)))
        watched = Watched(target)
        try:
            await self._looks(target, watched)
        finally:
            await watched.close()

    async def _looks(self, target: Target, watched: Watched) -> None:
        while True:
            began_s = time.monotonic()
            async with self._turn:
                self.health[target.url] = await watched.again(self.deadline_s)
            self.looked_at[target.url] = time.time()
            self.looks += 1
            left_s = max(0.1, self.interval_s - (time.monotonic() - began_s))
            await asyncio.sleep(left_s * random.uniform(0.95, 1.0))  # noqa: S311 - no secret

    async def answer(self, method: str, path: str, headers: dict[str, str]) -> Reply:
        """Status, content type and body."""
        parts = urlsplit(path)
        if method != "GET":
            return 405, TEXT, "only GET is answered\n"
        if parts.path == "/healthz":
            return 200, TEXT, "ok\n"
        if parts.path == "/metrics":
            return 200, METRICS, self.metrics()
        if parts.path == "/probe":
            return await self._probe(parse_qs(parts.query), headers)
        return 404, TEXT, "there is /metrics, /probe?target=&module= and /healthz\n"

    def metrics(self) -> str:
        """What is known of every target, and of this program."""
        known = [({"target": url}, health) for url, health in sorted(self.health.items())]
        own = [
            Family("exporter_info", "This program; the value is 1", [({"version": __version__}, 1.0)]),
            Family("exporter_targets", "Targets that are looked at", [({}, float(len(self.targets)))]),
            Family("exporter_looks_total", "Looks since the start", [({}, float(self.looks))], kind="counter"),
            Family(
                "last_look_timestamp_seconds", "When the target was last looked at",
                [({"target": url}, moment) for url, moment in sorted(self.looked_at.items())],
            ),
        ]  # fmt: skip
        return "".join(family.text() for family in [*own, *health_families(known)])

    async def _probe(self, query: dict[str, list[str]], headers: dict[str, str]) -> Reply:
        wanted, module = query.get("target", [""])[0], query.get("module", ["health"])[0]
        target = self.names.get(wanted) or self.targets.get(wanted.rstrip("/")) or self.targets.get(f"http://{wanted}")
        if target is None:
            return 403, TEXT, f"{one_line(wanted, 100)!r} is not on the list of targets\n"
        if module not in MODULES:
            return 400, TEXT, f"there is no module {one_line(module, 40)!r}; there are {', '.join(MODULES)}\n"
        seconds = max(0.5, _scrape_timeout(headers) - SCRAPE_MARGIN_S)
        began_s = time.monotonic()
        health = await look(target, seconds)
        found = health_families([({"target": target.url}, health)])
        if module == "passive" and health.live:
            found = await self._passive(target, max(0.5, seconds - (time.monotonic() - began_s)))
        took_s = time.monotonic() - began_s
        found += [
            Family("probe_success", "1 when the target is ready", [({}, float(health.ready))], prefix=""),
            Family("probe_duration_seconds", "Seconds that the probe took", [({}, took_s)], prefix=""),
        ]
        return 200, METRICS, "".join(family.text() for family in found)

    async def _passive(self, target: Target, seconds: float) -> list[Family]:
        """A whole passive run; a fault of a plug-in is the runner's to contain."""
        from doctor.runner import RunPlan, run

        plan = RunPlan(targets=(target,), depth=Depth.PASSIVE, deadline_s=seconds, thresholds=self.thresholds)
        return families(await run(plan, lambda _: None))


TEXT, METRICS = "text/plain; charset=utf-8", "text/plain; version=0.0.4; charset=utf-8"


def health_families(known: list[tuple[Labels, Health]]) -> list[Family]:
    """Metrics of looks."""

    def numbers(name: str) -> list[tuple[Labels, float]]:
        return [(labels, float(getattr(health, name))) for labels, health in known if getattr(health, name) is not None]

    told = [
        ({**labels, "runtime": one_line(health.runtime, 60), "version": one_line(health.version, 100)}, 1.0)
        for labels, health in known
    ]
    return [
        Family("info", "What runs at the target; the value is 1", told),
        Family(
            "up", "1 when a model server runs at the target", [(labels, float(health.live)) for labels, health in known]
        ),
        Family("ready", "1 when it can answer a request", [(labels, float(health.ready)) for labels, health in known]),
        Family("models", "Models that the server lists", numbers("models")),
        Family("slots", "Requests that the server can work on at once", numbers("slots")),
        Family("slots_busy", "Requests that the server is working on", numbers("slots_busy")),
        Family("look_seconds", "Seconds that the look took", numbers("seconds")),
    ]


def _scrape_timeout(headers: dict[str, str]) -> float:
    try:
        seconds = float(headers.get("x-prometheus-scrape-timeout-seconds", DEFAULT_SCRAPE_S))
    except ValueError:
        return DEFAULT_SCRAPE_S
    return seconds if 0 < seconds < 600 else DEFAULT_SCRAPE_S


async def serve(exporter: Exporter, host: str, port: int) -> asyncio.Server:
    """Listen; every connection is one request."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError
        ):
            async with asyncio.timeout(HEAD_DEADLINE_S):
                head = await reader.readuntil(b"\r\n\r\n")
            method, path, headers = _head(head)
            status, kind, body = await exporter.answer(method, path, headers)
            data = body.encode()
            writer.write(
                f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n"
                "Connection: close\r\nX-Content-Type-Options: nosniff\r\n\r\n".encode()
                + data
            )
            async with asyncio.timeout(HEAD_DEADLINE_S):
                await writer.drain()
        writer.close()

    return await asyncio.start_server(one, host, port, limit=MAX_HEAD_BYTES)


REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}


def _head(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Method, path and headers. Raises ValueError for what is no request."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return method, path, headers
