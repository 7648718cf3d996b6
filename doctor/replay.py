"""Today's checks on yesterday's facts: a saved report examined again without a server."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from doctor import facts
from doctor.blanks import blanks
from doctor.check import Thresholds
from doctor.context import Collector, Context, Target
from doctor.diagnose import diagnose
from doctor.errors import ReportError, Skip
from doctor.facts import Fact, Identity, Models
from doctor.model import Report, TargetReport
from doctor.plan.situation import FACTS, Situation, situation_of
from doctor.plugins import load_playbooks
from doctor.result import run_check
from doctor.runner import RunPlan, assemble, checks_of, target_report
from doctor.selection import suited

FACT_TYPES: dict[str, type[Fact]] = {name: getattr(facts, name) for name in facts.__all__ if name != "Fact"}


async def replay(report: Report, plugins: Iterable[Path] = (), thresholds: Thresholds | None = None) -> Report:
    """The report that today's checks write for the facts of an old one. Raises ReportError for unusable facts."""
    began_s = time.monotonic()
    plan = RunPlan(plugins=tuple(plugins), thresholds=thresholds or {})
    checks, playbooks = checks_of(plan), load_playbooks(plan.plugins)
    host = Context(Target(url="", named=False), report.depth, recorded(report.host))
    targets: list[TargetReport] = []
    for old in report.targets:
        context = Context(Target(url=old.url, again=old.again), report.depth, recorded(old.facts), host=host)
        chosen = suited(checks, index="Index" in old.facts)
        results = [await run_check(check, context) for check in chosen if report.depth.covers(check.depth)]
        identity = await _optional(context, Identity)
        models = await _optional(context, Models)
        model = models.chosen if models else old.model
        diagnosis = diagnose(
            results, checks, playbooks, situation=await recorded_situation(context, model, old.runtime)
        )
        targets.append(target_report(context, identity, model, results, diagnosis))
    seconds = time.monotonic() - began_s
    return assemble(report.depth, report.started, seconds, targets, report.host)


async def recorded_situation(context: Context, model: str, runtime: str) -> Situation:
    """What remedies are fitted to, from the facts of a report; `runtime` where they do not say who served."""
    identity = await _optional(context, Identity)
    for kind in FACTS:
        await _optional(context, kind)
    here = situation_of(context, identity, model, blanks(context, model))
    return here if identity else msgspec.structs.replace(here, runtime=runtime)


def recorded(saved: dict[str, Any]) -> dict[type[Fact], Collector]:
    """Collectors that hand out saved facts, or the saved reason why there was none. Raises ReportError."""
    collectors: dict[type[Fact], Collector] = {}
    for name, value in saved.items():
        kind = FACT_TYPES.get(name)
        if kind is None:
            continue  # written by another version or a plug-in; no check of today asks for it
        collectors[kind] = _handing_out(kind, value)
    return collectors


def _handing_out(kind: type[Fact], value: Any) -> Collector:  # noqa: ANN401 - decoded JSON
    if isinstance(value, dict) and set(value) == {"skipped"}:
        fact: Fact | Skip = Skip(str(value["skipped"]))
    else:
        try:
            fact = msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError as error:
            msg = f"the report's fact {kind.__name__} cannot be read: {error}"
            raise ReportError(msg) from error

    async def collect(_: Context) -> Fact:
        if isinstance(fact, Skip):
            raise fact
        return fact

    return collect


async def _optional(context: Context, kind: type[Any]) -> Any:  # noqa: ANN401 - one of the fact types
    try:
        return await context.fact(kind)
    except Skip:
        return None
