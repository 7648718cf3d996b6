"""A playbook file: TOML front matter about one root cause, and a page for people."""

import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

from doctor.errors import PluginError
from doctor.model import Category, Remedy, Severity, Step

FENCE = "+++"
RISKS = ("none", "request", "reload", "restart", "global")
STEP_KINDS = ("run", "request", "edit", "by-hand", "flag", "environment", "modelfile")


class Playbook(msgspec.Struct, frozen=True, kw_only=True):
    """The catalogue entry of one root cause. `proved_by` is any-of groups of all-of symptom ids."""

    id: str
    category: Category
    title: str
    severity: Severity
    severity_as_seen: bool = False  # a milder proof makes a milder cause
    says: tuple[str, ...] = ()
    proved_by: tuple[tuple[str, ...], ...] = ()
    explains: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    measure: dict[str, str] = {}
    evidence: tuple[str, ...] = ()
    os: tuple[str, ...] = ()  # the operating systems on which this can be the cause; none: all
    remedies: tuple[Remedy, ...] = ()
    body: str = ""
    path: Path = Path()

    @property
    def proof_symptoms(self) -> frozenset[str]:
        """Every symptom that takes part in a proof."""
        return frozenset(symptom for group in self.proved_by for symptom in group)


class FrontMatter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys that a playbook's front matter may have."""

    title: str
    severity: Severity
    severity_as_seen: bool = False  # a milder proof makes a milder cause
    says: tuple[str, ...] = ()
    proved_by: tuple[tuple[str, ...], ...] = ()
    explains: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    measure: dict[str, Literal["higher", "lower"]] = {}  # evidence labels whose numbers say how well a remedy works
    evidence: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    remedy: tuple[dict[str, Any], ...] = ()


class RemedyEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of a `[[remedy]]`; `runtime` may be one name or several."""

    say: str
    runtime: str | tuple[str, ...] = "any"
    os: tuple[str, ...] = ()
    version: str = ""
    risk: str = "none"
    effect: str = ""
    undo: str = ""
    needs: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


def read_playbook(path: Path, category: Category) -> Playbook:
    """Read one playbook file. Raises PluginError with the file's name and what is wrong in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"playbook {path.name} cannot be read: {error}"
        raise PluginError(msg) from error
    parts = text.split(FENCE + "\n", 2)
    if len(parts) != 3 or parts[0].strip():
        msg = f"playbook {path.name} must start with front matter between two lines of {FENCE}"
        raise PluginError(msg)
    try:
        front = msgspec.convert(tomllib.loads(parts[1]), FrontMatter)
        remedies = tuple(remedy for entry in front.remedy for remedy in _remedies(entry))
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        msg = f"playbook {path.name}: {error}"
        raise PluginError(msg) from error
    return Playbook(
        id=path.stem,
        category=category,
        title=front.title,
        severity=front.severity,
        severity_as_seen=front.severity_as_seen,
        says=front.says,
        proved_by=front.proved_by,
        explains=front.explains,
        after=front.after,
        verify=front.verify,
        measure=dict(front.measure),
        evidence=front.evidence,
        os=front.os,
        remedies=remedies,
        body=parts[2].strip(),
        path=path,
    )


def _remedies(entry: dict[str, Any]) -> list[Remedy]:
    """One remedy per runtime that the entry names. Raises msgspec.ValidationError."""
    parsed = msgspec.convert(entry, RemedyEntry)
    if parsed.risk not in RISKS:
        msg = f"risk {parsed.risk!r} is not one of {', '.join(RISKS)}"
        raise msgspec.ValidationError(msg)
    for step in parsed.steps:
        if step.kind not in STEP_KINDS:
            msg = f"step kind {step.kind!r} is not one of {', '.join(STEP_KINDS)}"
            raise msgspec.ValidationError(msg)
    runtimes = (parsed.runtime,) if isinstance(parsed.runtime, str) else parsed.runtime
    steps = tuple(
        msgspec.structs.replace(step, undo=step.undo or parsed.undo) if parsed.undo else step for step in parsed.steps
    )
    return [
        Remedy(
            say=parsed.say,
            runtime=runtime,
            os=parsed.os,
            version=parsed.version,
            risk=parsed.risk,
            effect=parsed.effect,
            needs=parsed.needs,
            steps=steps,
        )
        for runtime in runtimes
    ]
