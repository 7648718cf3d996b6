"""A diagnosis that goes on: vital signs every two seconds, and what only needs reading is examined again.

Nothing here makes a model generate. A new look at what a passive run can see replaces what it saw before; what only a
probe can measure stays as it was measured. Throttling and swap traffic, which the checks otherwise look for during a
probe, are judged by the same checks on what was seen while the machine worked by itself.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from doctor.check import Check
from doctor.collect.gpu.at_work import WORKING, merged
from doctor.collect.vitals import Looker
from doctor.context import Context, Target
from doctor.diagnose import diagnose
from doctor.errors import DoctorError
from doctor.events import CheckEnded, Event
from doctor.facts import Fact, Gpus, GpusAtWork, Swapping
from doctor.http import Client
from doctor.known import KEPT_LOOKS, Known, Listener, Pace
from doctor.model import Category, CheckReport, Depth, Diagnosis, Report, Result, TargetReport
from doctor.playbooks import Playbook
from doctor.plugins import load_playbooks
from doctor.replay import recorded, recorded_situation
from doctor.result import run_check
from doctor.runner import Run, RunPlan, assemble, checks_of
from doctor.runtimes.pulse import PATHS, feel
from doctor.visit import origin
from doctor.vitals import Look, Pulse, changes

PASSIVE_DEADLINE_S = 30.0
FED = {"throttle": GpusAtWork, "swap": Swapping}  # checks that a passive run skips, and the fact that looks can give

# What changes while nobody changes a setting; a template or a model's file does not.
AGAIN = frozenset({Category.CONNECT, Category.MEMORY, Category.CONTEXT, Category.SPEED})

Shelf = tuple[tuple[Check, ...], tuple[Playbook, ...]]  # all of them, as `load_checks` and `load_playbooks` read them


class Live:
    """Looks at the machine and its servers until it is cancelled."""

    def __init__(self, plan: RunPlan, listener: Listener, pace: Pace | None = None) -> None:
        self.plan = plan
        self.pace = pace or Pace()
        self.tell = listener
        self.looks: deque[Look] = deque(maxlen=KEPT_LOOKS)
        self.known: Known | None = None
        self.busy = False  # a run is under way: it must not be disturbed
        self._looker = Looker()
        self._targets: dict[str, Target] = {}
        self._runtimes: dict[str, str] = {}
        self._clients: dict[str, Client] = {}
        self._examined_s = 0.0
        self._due = False
        self._shelf: Shelf | None = None

    def found(self, targets: Iterable[Target]) -> None:
        """These are the servers of the run that begins."""
        self._targets = {target.url: target for target in targets}
        self.known, self._due = None, False

    def identified(self, url: str, runtime: str) -> None:
        """A server's kind became known, which says where its pulse is."""
        self._runtimes[url] = runtime

    def adopt(self, known: Known) -> None:
        """A run has ended: from here on this is what is kept up to date."""
        self.known, self._examined_s = known, time.monotonic()

    async def carry_on(self) -> None:
        """Look, tell, and examine again where that is due; ends by being cancelled."""
        try:
            while True:
                await self._look()
                if self._is_due():
                    with contextlib.suppress(
                        DoctorError
                    ):  # a plug-in folder that broke meanwhile: the next run says so
                        await self._examine()
                await asyncio.sleep(self.pace.look_s)
        finally:
            for client in self._clients.values():
                with contextlib.suppress(DoctorError):
                    await client.close()
            self._clients.clear()

    async def _look(self) -> None:
        machine, servers = await asyncio.gather(self._looker.look(), self._pulses())
        now = Look(machine=machine, servers=servers)
        if self.looks and not self.busy:
            for sentence in changes(self.looks[-1], now):
                self.tell.change(sentence)
                self._due = True
        self.looks.append(now)
        self.tell.look(now)

    async def _pulses(self) -> dict[str, Pulse]:
        """Every server's pulse; while a run is under way only of those that serve many requests at once."""
        asked = {
            url: target
            for url, target in self._targets.items()
            if not self.busy or self._runtimes.get(url, "") in PATHS
        }
        pulses = await asyncio.gather(*(self._pulse(target) for target in asked.values()))
        return {url: pulse for url, pulse in zip(asked, pulses, strict=True) if pulse is not None}

    async def _pulse(self, target: Target) -> Pulse | None:
        if target.url not in self._clients:
            try:
                self._clients[target.url] = Client(origin(target.url), api_key=target.api_key)
            except DoctorError:
                return None
        return await feel(self._clients[target.url], self._runtimes.get(target.url, ""))

    def _is_due(self) -> bool:
        if self.busy or self.known is None:
            return False
        waited_s = time.monotonic() - self._examined_s
        return waited_s >= (self.pace.soon_s if self._due else self.pace.examine_s)

    async def _examine(self) -> None:
        """A passive run, whose results take the place of the older ones."""
        self._due, before = False, self.known
        if before is None:
            return
        targets = tuple(self._targets.values())
        plan = msgspec.structs.replace(
            self.plan, targets=targets, depth=Depth.PASSIVE, deadline_s=PASSIVE_DEADLINE_S, only=(), skip=()
        )
        if self._shelf is None:
            self._shelf = await asyncio.to_thread(_shelf, plan)
        now = await examined_again(plan, self._shelf, before, tuple(self.looks))
        self._examined_s = time.monotonic()
        if self.known is before and not self.busy:  # no run has begun meanwhile
            self.known = now
            self.tell.known(now)


def _shelf(plan: RunPlan) -> Shelf:
    return checks_of(plan), load_playbooks(plan.plugins)


async def examined_again(plan: RunPlan, shelf: Shelf, before: Known, looks: Sequence[Look]) -> Known:
    """What is known after a passive run of this plan with the checks that are worth repeating."""
    heard: dict[str, dict[str, Result]] = {}

    def hear(event: Event) -> None:
        if isinstance(event, CheckEnded):
            heard.setdefault(event.url, {})[event.result.id] = event.result

    checks, playbooks = shelf
    repeated = tuple(check for check in checks if check.category in AGAIN)
    fresh = await Run(plan, hear, asyncio.Event(), repeated, playbooks).carry_out()
    old = {target.url: target for target in before.report.targets}
    targets, results = [], {}
    for target in fresh.targets:
        was = before.results.get(target.url, {})
        seen = _readable(heard.get(target.url, {}), checks)
        facts = {**(old[target.url].facts if target.url in old else {}), **_told(target.facts)}
        seen |= await _fed(checks, target, facts, fresh.host, looks)
        both = {check.id: r for check in checks if (r := seen.get(check.id) or was.get(check.id)) is not None}
        results[target.url] = both
        means = await _meaning(both, checks, playbooks, target, fresh)
        targets.append(_after(old.get(target.url, target), target, facts, both, means))
    host = {**before.report.host, **_told(fresh.host)}
    report = assemble(before.report.depth, before.report.started, before.report.seconds, targets, host)
    return Known(report=report, results=results)


def _readable(heard: Mapping[str, Result], checks: Sequence[Check]) -> dict[str, Result]:
    """The results of checks that only read: the others were not evaluated this time."""
    passive = {check.id for check in checks if check.depth is Depth.PASSIVE}
    return {id_: result for id_, result in heard.items() if id_ in passive}


def _told(facts: Mapping[str, object]) -> dict[str, object]:
    """Facts without those that could not be had this time: an older one is better than a reason."""
    return {name: value for name, value in facts.items() if not (isinstance(value, dict) and set(value) == {"skipped"})}


async def _fed(
    checks: Sequence[Check],
    target: TargetReport,
    facts: dict[str, object],
    host: dict[str, object],
    looks: Sequence[Look],
) -> dict[str, Result]:
    """The checks that look at the machine at work, on what was seen of it."""
    given = observed(looks)
    wanted = [check for check in checks if FED.get(check.id) in given]
    if not wanted:
        return {}
    collectors = recorded({**host, **facts, **{kind.__name__: msgspec.to_builtins(f) for kind, f in given.items()}})
    context = Context(Target(url=target.url), Depth.QUICK, collectors)
    return {check.id: await run_check(check, context) for check in wanted}


def observed(looks: Sequence[Look]) -> dict[type[Fact], Fact]:
    """Facts about the machine at work: clocks where a GPU worked, swap traffic between the last two looks."""
    given: dict[type[Fact], Fact] = {}
    working = [Gpus(devices=look.machine.gpus) for look in looks if _works(look)]
    if working:
        given[GpusAtWork] = merged(working)
    if len(looks) > 1:
        first, last = looks[-2].machine, looks[-1].machine
        seconds = last.at_s - first.at_s
        if first.swapped_in_bytes is not None and last.swapped_in_bytes is not None and seconds > 0:
            given[Swapping] = Swapping(
                in_bytes_s=max(0, last.swapped_in_bytes - first.swapped_in_bytes) / seconds,
                out_bytes_s=max(0, (last.swapped_out_bytes or 0) - (first.swapped_out_bytes or 0)) / seconds,
                reread_bytes_s=max(0, (last.reread_bytes or 0) - (first.reread_bytes or 0)) / seconds,
                seconds=seconds,
            )
    return given


def _works(look: Look) -> bool:
    return any((gpu.utilisation or 0) >= WORKING for gpu in look.machine.gpus)


async def _meaning(
    results: Mapping[str, Result],
    checks: Sequence[Check],
    playbooks: Sequence[Playbook],
    target: TargetReport,
    fresh: Report,
) -> Diagnosis:
    host = Context(Target(url="", named=False), Depth.PASSIVE, recorded(fresh.host))
    context = Context(Target(url=target.url), Depth.PASSIVE, recorded(target.facts), host=host)
    here = await recorded_situation(context, target.model, target.runtime)
    return diagnose(tuple(results.values()), checks, playbooks, situation=here)


def _after(
    old: TargetReport,
    fresh: TargetReport,
    facts: dict[str, object],
    results: Mapping[str, Result],
    means: Diagnosis,
) -> TargetReport:
    """The target's report with what was seen again in the place of what was seen before."""
    fields = CheckReport.__struct_fields__
    return TargetReport(
        url=old.url,
        runtime=fresh.runtime or old.runtime,
        version=fresh.version or old.version,
        model=fresh.model or old.model,
        state=means.state,
        checks=tuple(CheckReport(**{name: getattr(r, name) for name in fields}) for r in results.values()),
        findings=means.findings,
        causes=means.causes,
        ruled_out=means.ruled_out,
        facts=facts,
    )
