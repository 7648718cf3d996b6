"""Everything that a check may import.

A check is one file, `checks/<category>/<check-id>.py`:

    '''Title in one line.

    What: ...   Why: ...   How: ...   Limits: ...
    '''

    from doctor.api import Context, Depth, LoadedModels, Severity, Symptom, Verdict, reported, seen, verdict

    DEPTH = Depth.PASSIVE
    PARTIAL = Symptom(id="gpu-partial-offload", title="...", severity=Severity.WARNING)

    async def check(context: Context) -> Verdict:
        loaded = await context.fact(LoadedModels)      # raises Skip by itself when it cannot be known
        ...
        return verdict(seen(PARTIAL, "llama3:8b", "30 % of the model is in GPU memory", share), measured=[share])

`verdict` refuses to be empty: a check that measured nothing raises `Skip(reason)`.
"""

from collections.abc import Iterable

from doctor.context import Context, Target
from doctor.degeneration import Degeneration, degeneration
from doctor.errors import Skip
from doctor.facts import *  # noqa: F403 - facts are the vocabulary of checks
from doctor.facts import __all__ as _facts
from doctor.families import Family, families_of_text, family_of_model, known_template, template_hash
from doctor.interval import wilson
from doctor.model import Category, Depth, Evidence, Finding, Origin, Severity, Status, Symptom, Verdict
from doctor.refusals import out_of_memory
from doctor.retrieval.scoring import gain_interval, mrr, mrr_interval, recall, recall_interval
from doctor.text import mib, percent, plain

__all__ = [
    "Category",
    "Context",
    "Degeneration",
    "Depth",
    "Evidence",
    "Family",
    "Finding",
    "Origin",
    "Severity",
    "Skip",
    "Status",
    "Symptom",
    "Target",
    "Verdict",
    "computed",
    "degeneration",
    "families_of_text",
    "family_of_model",
    "known_template",
    "mib",
    "out_of_memory",
    "gain_interval",
    "mrr",
    "mrr_interval",
    "percent",
    "plain",
    "probed",
    "recall",
    "recall_interval",
    "reported",
    "seen",
    "template_hash",
    "verdict",
    "wilson",
    *_facts,
]

Scalar = str | int | float | bool | None


def reported(label: str, value: Scalar, unit: str = "", source: str = "") -> Evidence:
    """A value that the runtime, the operating system or the driver says."""
    return Evidence(label=label, value=value, unit=unit, source=source, origin=Origin.REPORTED)


def probed(label: str, value: Scalar, unit: str = "", source: str = "") -> Evidence:
    """A value that was measured by asking the server or the machine to do something."""
    return Evidence(label=label, value=value, unit=unit, source=source, origin=Origin.PROBED)


def computed(label: str, value: Scalar, unit: str = "", source: str = "") -> Evidence:
    """A value that follows from others by a formula; `source` names it."""
    return Evidence(label=label, value=value, unit=unit, source=source, origin=Origin.COMPUTED)


def seen(
    symptom: Symptom, subject: str, summary: str, *evidence: Evidence, severity: Severity | None = None
) -> Finding:
    """The finding that this symptom was seen on `subject`. Raises ValueError without evidence."""
    if not evidence:
        msg = f"finding {symptom.id} has no evidence"
        raise ValueError(msg)
    return Finding(
        symptom=symptom.id,
        severity=severity or symptom.severity,
        subject=plain(subject),
        summary=plain(summary),
        evidence=evidence,
    )


def verdict(*findings: Finding | None, measured: Iterable[Evidence] = ()) -> Verdict:
    """What a check returns; `None` findings are left out. Raises ValueError when nothing was measured."""
    kept = tuple(finding for finding in findings if finding is not None)
    evidence = tuple(measured) or tuple(e for finding in kept for e in finding.evidence)
    if not evidence:
        msg = "a verdict needs a measurement; raise Skip(reason) when there is none"
        raise ValueError(msg)
    return Verdict(evidence=evidence, findings=kept)
