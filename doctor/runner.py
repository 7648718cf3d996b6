"""A run: targets, then checks, then what they mean, as one stream of events.

Checks that only read run side by side. Checks that make a model generate run one after the other, because two
generations spoil each other's timings. Every check has a deadline, the run has one, and a stopped run keeps what it
found: the rest is skipped with the reason.
"""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from doctor import __version__
from doctor.blanks import blanks
from doctor.check import Check, Thresholds
from doctor.collect import host_collectors
from doctor.context import Budget, Context, Target, tallied
from doctor.diagnose import diagnose
from doctor.errors import Skip
from doctor.events import CheckBegan, CheckEnded, Event, RunBegan, RunEnded, TargetEnded, TargetKnown
from doctor.facts import Fact, Identity, Launch, Models, Shell, System
from doctor.model import (
    CheckReport,
    Coverage,
    Depth,
    Diagnosis,
    Report,
    Result,
    State,
    Status,
    TargetReport,
    Tool,
)
from doctor.plan.situation import situation_of
from doctor.playbooks import Playbook
from doctor.plugins import load_checks, load_playbooks
from doctor.quick_plan import Plan
from doctor.result import run_check, skipped
from doctor.selection import selected
from doctor.visit import Shared, visiting

Emit = Callable[[Event], None]
# Chooses the next check from the results so far; "" ends the examination.
Guide = Callable[[Mapping[str, Result], Diagnosis], str]

DEADLINE_S = 180.0
# Requests and output tokens that the quick set may use (design, section 8); deep may use ten times as many.
QUICK_REQUESTS = 28
QUICK_OUTPUT_TOKENS = 650
DEEP_FACTOR = 10
LAUNCH_DEADLINE_S = 3.0  # takes 0.2 s on a slow machine with nothing to do; without it no remedy is automatic
# Batches of texts that the diagnosis of an index may send to its embedder.
INDEX_REQUESTS = 400
INTERRUPTED = "interrupted"
OUT_OF_TIME = "the run's deadline passed before this check's turn"


class RunPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to examine and how far to go. Without targets the machine is searched."""

    targets: tuple[Target, ...] = ()
    model: str = ""
    depth: Depth = Depth.QUICK
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    deadline_s: float = DEADLINE_S
    plugins: tuple[Path, ...] = ()
    thresholds: Thresholds = {}
    guide: Guide | None = None  # instead of all checks in order: one after the other, as it says


async def run(plan: RunPlan, emit: Emit, stop: asyncio.Event | None = None) -> Report:
    """Carry out the plan and return the report. Setting `stop` ends the run early with what was found.

    Raises UsageError for an unknown id in `only` or `skip`, PluginError for a broken file in a plug-in folder.
    """
    # Reading the plug-in files takes a tenth of a second, too long for an event loop that draws a screen.
    loaded = await asyncio.to_thread(checks_of, plan)
    checks = selected(loaded, plan.only, plan.skip, index=any(target.index for target in plan.targets))
    playbooks = await asyncio.to_thread(load_playbooks, plan.plugins)
    return await Run(plan, emit, stop or asyncio.Event(), checks, playbooks).carry_out()


def checks_of(plan: RunPlan) -> tuple[Check, ...]:
    """The checks that a plan may use, with its limits. Raises PluginError, and UsageError for an unknown limit."""
    loaded = load_checks(plan.plugins)
    if not plan.thresholds:
        return loaded
    from doctor.config import with_thresholds

    return with_thresholds(plan.thresholds, loaded)


class Run:
    """One run and what it shares between its targets: clock, budget, the machine's facts, the model's lock."""

    def __init__(
        self,
        plan: RunPlan,
        emit: Emit,
        stop: asyncio.Event,
        checks: tuple[Check, ...],
        playbooks: tuple[Playbook, ...],
    ) -> None:
        self.plan = plan
        self.emit = emit
        self.stop = stop
        self.checks = checks
        self.playbooks = playbooks
        self.began_s = time.monotonic()
        self.ends_s = self.began_s + plan.deadline_s
        self.host = Context(Target(url="", named=False), plan.depth, host_collectors())
        self.model_lock = asyncio.Lock()

    async def carry_out(self) -> Report:
        """Find the targets and examine them one after the other."""
        started = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        targets = self.plan.targets or await self._discover()
        self.emit(RunBegan(targets=targets, checks=tuple(check.id for check in self.checks)))
        async with contextlib.AsyncExitStack() as stack:
            peers: dict[str, Context] = {}
            reports = [await self._examine(target, peers, stack) for target in targets]
        system = await self._system()
        report = assemble(self.plan.depth, started, time.monotonic() - self.began_s, reports, self.host.collected())
        await self.host.close()
        if not targets:
            report = msgspec.structs.replace(report, reason=_nothing_found(system))
        self.emit(RunEnded(report=report))
        return report

    async def _discover(self) -> tuple[Target, ...]:
        import os

        from doctor.discover import discover

        found = await discover(os.environ)
        return tuple(msgspec.structs.replace(target, model=target.model or self.plan.model) for target in found)

    async def _system(self) -> System | None:
        with contextlib.suppress(Skip):
            return await self.host.fact(System)
        return None

    async def _examine(
        self, target: Target, peers: dict[str, Context], stack: contextlib.AsyncExitStack
    ) -> TargetReport:
        """All checks on one target. `peers` and `stack` keep the servers that belong to an index."""
        shared = Shared(
            depth=self.plan.depth,
            host=self.host,
            budget=self._budget(target),
            model_lock=self.model_lock,
            peers=peers,
            stack=stack,
        )
        async with visiting(target, shared) as context:
            exam = Examination(self, context)
            await exam.carry_out()
            report = await exam.report()
        self.emit(TargetEnded(report=report))
        return report

    def _budget(self, target: Target) -> Budget:
        factor = DEEP_FACTOR if self.plan.depth is Depth.DEEP else 1
        return Budget(
            requests=(INDEX_REQUESTS if target.index else QUICK_REQUESTS) * factor,
            output_tokens=QUICK_OUTPUT_TOKENS * factor,
            deadline_s=max(0.0, self.ends_s - time.monotonic()),
            # Who names checks wants them all, however slow the model is.
            plan=Plan() if self.plan.depth is Depth.QUICK and not self.plan.only else None,
        )


class Examination:
    """The checks of one target: results as they come, and what they mean so far."""

    def __init__(self, run_: Run, context: Context) -> None:
        self.run = run_
        self.context = context
        self.url = context.target.url
        self.results: dict[str, Result] = {}
        self.identity: Identity | None = None
        self.model = ""

    async def carry_out(self) -> None:
        """Reading checks together, then generating ones in the order of elimination; or as the plan's guide says."""
        checks = self.run.checks
        await self._identify()
        if self.run.plan.guide:
            await self._guided(self.run.plan.guide)
            return
        passive = [check for check in checks if check.depth is Depth.PASSIVE]
        await asyncio.gather(*(self._one(check) for check in passive))
        await self._look_at_launch()
        for check in checks:
            if check.depth is not Depth.PASSIVE:
                await self._one(check)

    async def _guided(self, guide: Guide) -> None:
        """One check after the other, each chosen by what the ones before it found."""
        await self._look_at_launch()
        checks = {check.id: check for check in self.run.checks}
        while (chosen := guide(self.results, await self.diagnosis())) in checks and chosen not in self.results:
            await self._one(checks[chosen])

    async def _identify(self) -> None:
        """Who it is, for the headline; a target that cannot be identified is explained by its checks."""
        reads = asyncio.ensure_future(self._read_identity())
        await self._until(reads, self.run.plan.deadline_s)
        if not reads.done():
            reads.cancel()
        known = self.identity
        self.run.emit(
            TargetKnown(
                url=self.url,
                runtime=known.runtime if known else "",
                version=known.version if known else "",
                model=self.model,
            )
        )

    async def _read_identity(self) -> None:
        with contextlib.suppress(Skip):
            self.identity = await self.context.fact(Identity)
            models = await self.context.fact(Models)
            self.model = models.chosen

    async def _look_at_launch(self) -> None:
        """How the server was started and what commands are typed into, for exact remedies."""
        looks = asyncio.ensure_future(self._read((Shell, Launch)))
        await self._until(looks, min(LAUNCH_DEADLINE_S, self.run.ends_s - time.monotonic()))
        if not looks.done():
            looks.cancel()

    async def _read(self, kinds: Iterable[type[Fact]]) -> None:
        for kind in kinds:
            with contextlib.suppress(Skip):
                await self.context.fact(kind)

    async def _one(self, check: Check) -> None:
        """One check within its deadline and the run's; emits its beginning and its end."""
        self.run.emit(CheckBegan(url=self.url, check=check.id))
        result = await self._result(check)
        self.results[check.id] = result
        self.run.emit(CheckEnded(url=self.url, result=result, diagnosis=await self.diagnosis()))

    async def _result(self, check: Check) -> Result:
        if not self.context.depth.covers(check.depth):
            return skipped(check, f"needs depth {check.depth.value}")
        if self.run.stop.is_set():
            return skipped(check, INTERRUPTED)
        left_s = self.run.ends_s - time.monotonic()
        if left_s <= 0:
            return skipped(check, OUT_OF_TIME)
        began_s = time.monotonic()
        with tallied() as tally:
            work = asyncio.ensure_future(run_check(check, self.context))
            await self._until(work, min(check.deadline_s, left_s))
            if work.done():
                result = work.result()
            else:
                work.cancel()
                result = skipped(check, self._why_unfinished(check, left_s))
        return msgspec.structs.replace(result, seconds=round(time.monotonic() - began_s, 3), requests=tally.requests)

    def _why_unfinished(self, check: Check, left_s: float) -> str:
        if self.run.stop.is_set():
            return INTERRUPTED
        limit_s = min(check.deadline_s, left_s)
        return f"no result within {limit_s:.0f} s"

    async def _until(self, work: asyncio.Future[Any], seconds: float) -> None:
        """Wait for the work, for the stop signal or for the time to be over, whichever comes first."""
        stopped = asyncio.ensure_future(self.run.stop.wait())
        try:
            await asyncio.wait({work, stopped}, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()

    async def diagnosis(self) -> Diagnosis:
        """What the results so far mean."""
        await self.run._system()  # noqa: SLF001 - both classes are one thing: the run
        here = situation_of(self.context, self.identity, self.model, blanks(self.context, self.model))
        return diagnose(tuple(self.results.values()), self.run.checks, self.run.playbooks, situation=here)

    async def report(self) -> TargetReport:
        """The target's part of the report, checks in the order of elimination."""
        ordered = [self.results[check.id] for check in self.run.checks if check.id in self.results]
        return target_report(self.context, self.identity, self.model, ordered, await self.diagnosis())


def target_report(
    context: Context, identity: Identity | None, model: str, results: Sequence[Result], diagnosis: Diagnosis
) -> TargetReport:
    """A target's part of the report."""
    checks = tuple(
        CheckReport(
            id=result.id,
            category=result.category,
            status=result.status,
            reason=result.reason,
            seconds=result.seconds,
            requests=result.requests,
            evidence=result.evidence,
        )
        for result in results
    )
    state, reason = _headline(results, diagnosis)
    facts = context.collected()
    unread = facts.get("Models", {}).get("skipped", "")
    if state is State.OK and unread:
        state, reason = State.UNKNOWN, f"the server's models could not be read, so it was hardly evaluated: {unread}"
    return TargetReport(
        url=context.target.url,
        again=context.target.again,
        runtime=identity.runtime if identity else "",
        version=identity.version if identity else "",
        model=model,
        state=state,
        reason=reason,
        checks=checks,
        findings=diagnosis.findings,
        causes=diagnosis.causes,
        ruled_out=diagnosis.ruled_out,
        facts=facts,
    )


def _headline(results: Sequence[Result], diagnosis: Diagnosis) -> tuple[State, str]:
    """The diagnosis' state; an unfinished run is unknown unless something critical was found."""
    unfinished = next((r.reason for r in results if r.reason in (INTERRUPTED, OUT_OF_TIME)), "")
    if unfinished and diagnosis.state is not State.CRITICAL:
        return State.UNKNOWN, unfinished
    return diagnosis.state, unfinished


def assemble(
    depth: Depth, started: str, seconds: float, targets: Iterable[TargetReport], host: dict[str, object]
) -> Report:
    """The report over all targets; the worst state decides: critical, unknown, warning, ok."""
    targets = tuple(targets)
    order = [State.CRITICAL, State.UNKNOWN, State.WARNING, State.OK]
    statuses = [check.status for target in targets for check in target.checks]
    count = {status: statuses.count(status) for status in Status}
    return Report(
        tool=Tool(version=__version__),
        started=started,
        seconds=round(seconds, 3),
        state=min((target.state for target in targets), key=order.index, default=State.UNKNOWN),
        depth=depth,
        host=host,
        targets=targets,
        coverage=Coverage(
            passed=count[Status.PASSED],
            failed=count[Status.FAILED],
            skipped=count[Status.SKIPPED],
            crashed=count[Status.CRASHED],
            total=len(statuses),
        ),
    )


def _nothing_found(system: System | None) -> str:
    where = " inside this container" if system and system.container else ""
    return (
        f"no model server was found{where}: looked at the usual ports on this machine, at the sockets of known "
        "runtimes and at OLLAMA_HOST and OPENAI_BASE_URL; start the server, or name it with --target URL"
    )
