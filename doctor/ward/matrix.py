"""The matrix: every patient examined and cured, what had to be found against what was found.

python -m doctor.ward.matrix [PATIENT ...]        # Markdown on stdout, progress on stderr; all take most of an hour
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from doctor.model import Report, Severity, State
from doctor.runner import RunPlan, run
from doctor.treat.treatment import Catalogue, catalogue
from doctor.ward.cure import BY_HAND, Cure, cured
from doctor.ward.patients import Patient, patient, shipped
from doctor.ward.run_ward import admitted

EXIT_CODES = {State.OK: 0, State.WARNING: 1, State.CRITICAL: 2, State.UNKNOWN: 3}
# What these say is about the machine of the moment, not about the patient.
OF_THE_MACHINE = (
    "gpu-memory",
    "ram",
    "container-memory",
    "wsl-memory",
    "swap",
    "throttle",
    "competing-load",
    "cpu-flags",
    "proxy-variables",
    "sustained-speed",
)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One patient's examination against what its file expects."""

    patient: Patient
    confirmed: tuple[str, ...]
    noted: tuple[str, ...]  # of the confirmed, those that are notes only
    suspected: tuple[str, ...]
    unexplained: tuple[str, ...]
    exit_code: int
    crashed: tuple[str, ...]
    questions: int  # of the requests, those that made the model generate
    requests: int
    output_tokens: int
    seconds: float
    cures: tuple[Cure, ...] = ()  # of the causes that had to be found

    @property
    def missed(self) -> tuple[str, ...]:
        """Causes and symptoms that had to be found and were not."""
        expect = self.patient.expect
        missing = [cause for cause in expect.causes if cause not in self.confirmed]
        return (*missing, *(sign for sign in expect.symptoms if sign not in self.unexplained))

    @property
    def false_alarms(self) -> tuple[str, ...]:
        """Causes confirmed and symptoms left unexplained that nothing in the patient produces; notes are none."""
        expect = self.patient.expect
        extra = [cause for cause in self.confirmed if cause not in (*expect.causes, *self.noted)]
        return (*extra, *(sign for sign in self.unexplained if sign not in expect.symptoms))

    @property
    def right(self) -> bool:
        """Whether the diagnosis is exactly the expected one."""
        found = not self.missed and not self.false_alarms and not self.crashed
        return found and self.exit_code == self.patient.expect.exit_code


async def examined(one: Patient, skip: Sequence[str] = OF_THE_MACHINE) -> Outcome:
    """Admit a patient and diagnose it as a user would, without the checks in `skip`."""
    began = time.monotonic()
    async with admitted(one) as url:
        report = await run(RunPlan(targets=(one.target(url),), depth=one.visit.depth, skip=tuple(skip)), lambda _: None)
    return outcome(one, report, time.monotonic() - began)


async def treated(one: Patient, known: Catalogue, skip: Sequence[str] = OF_THE_MACHINE) -> tuple[Cure, ...]:
    """Admit the patient again for each of its causes, treat it, verify and take it back."""
    found: list[Cure] = []
    for cause in one.expect.causes:
        async with admitted(one) as url:
            found.append(await cured(one.target(url), cause, known, skip, one.visit.depth))
    return tuple(found)


def outcome(one: Patient, report: Report, seconds: float) -> Outcome:
    """What the report says about its only target."""
    (target,) = report.targets
    notes = {finding.symptom for finding in target.findings if finding.severity == "note"}
    confirmed = [cause for cause in target.causes if cause.verdict == "confirmed"]
    confirmed.sort(key=lambda cause: list(Severity).index(cause.severity), reverse=True)  # as a report lists them
    return Outcome(
        patient=one,
        confirmed=tuple(cause.id for cause in confirmed),
        noted=tuple(cause.id for cause in confirmed if cause.severity == "note"),
        suspected=tuple(cause.id for cause in target.causes if cause.verdict == "suspected"),
        unexplained=tuple(
            dict.fromkeys(
                finding.symptom
                for finding in target.findings
                if finding.explained_by is None and finding.symptom not in notes
            )
        ),
        exit_code=EXIT_CODES[target.state],
        crashed=tuple(check.id for check in target.checks if check.status == "crashed"),
        questions=asked(target.facts),
        requests=sum(check.requests for check in target.checks),
        output_tokens=answer_tokens(target.facts),
        seconds=seconds,
    )


def asked(facts: Any) -> int:  # noqa: ANN401 - a tree of builtins
    """How many exchanges with the model are among the facts; one that several facts hold counts once."""
    return len(_once(facts, "purpose", "status"))


def answer_tokens(facts: Any) -> int:  # noqa: ANN401 - a tree of builtins
    """Tokens that the model generated, summed over the same exchanges."""
    return sum(found["completion_tokens"] or 0 for found in _once(facts, "completion_tokens"))


def _once(facts: Any, *keys: str) -> list[dict[str, Any]]:  # noqa: ANN401 - a tree of builtins
    """The different objects that have these keys, wherever they are."""
    return list({msgspec.json.encode(found): found for found in _objects(facts) if found.keys() >= set(keys)}.values())


def _objects(facts: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - a tree of builtins
    if isinstance(facts, dict):
        yield facts
    for value in facts.values() if isinstance(facts, dict) else facts if isinstance(facts, list | tuple) else ():
        yield from _objects(value)


def markdown(outcomes: Sequence[Outcome]) -> str:
    """The sums of the README, and under them a folded table by cause and one by patient."""
    sick = [cause for one in outcomes for cause in (*one.patient.expect.causes, *one.patient.expect.symptoms)]
    missed = sum(len(one.missed) for one in outcomes)
    beside = sum(len(one.false_alarms) for one in outcomes if not one.patient.healthy)
    alarms = sum(len(one.false_alarms) for one in outcomes if one.patient.healthy)
    healthy = sum(one.patient.healthy for one in outcomes)
    lines = [
        f"Found {len(sick) - missed} of {len(sick)} causes in {len(outcomes) - healthy} sick patients, and {beside} "
        f"that they do not have; {alarms} false alarms in {healthy} healthy patients.",
        "",
        _cured_in_all(outcomes),
        "",
        *_folded("By cause", _causes_table(outcomes)),
        "",
        *_folded("By patient", _patients_table(outcomes)),
    ]
    return "\n".join(lines) + "\n"


def _folded(title: str, rows: Sequence[str]) -> list[str]:
    return ["<details>", f"<summary>{title}</summary>", "", *rows, "", "</details>"]


def _causes_table(outcomes: Sequence[Outcome]) -> list[str]:
    """Wrong: raised where nothing in the patient produces it."""
    rows = ["| cause | patients | found | missed | wrong |", "|---|---|---|---|---|"]
    having = Counter(cause for one in outcomes for cause in (*one.patient.expect.causes, *one.patient.expect.symptoms))
    missed = Counter(cause for one in outcomes for cause in one.missed)
    wrong = Counter(cause for one in outcomes for cause in one.false_alarms)
    return rows + [
        f"| {cause} | {having[cause]} | {having[cause] - missed[cause]} | {missed[cause]} | {wrong[cause]} |"
        for cause in sorted({*having, *wrong})
    ]


def _patients_table(outcomes: Sequence[Outcome]) -> list[str]:
    """Questions are requests that made the model generate; requests are all."""
    head = "| patient | must be found | found | false alarms | cured | exit | questions | requests | tokens | seconds |"
    return [head, "|" + "---|" * 10, *map(_row, outcomes)]


def _row(one: Outcome) -> str:
    expect = one.patient.expect
    wanted = ", ".join((*expect.causes, *expect.symptoms)) or "nothing"
    missed = f"missed {', '.join(one.missed)}" if one.missed else "all" if not one.patient.healthy else "nothing"
    alarms = ", ".join((*one.false_alarms, *(f"{check} crashed" for check in one.crashed))) or "none"
    code = str(one.exit_code) if one.exit_code == expect.exit_code else f"{one.exit_code}, not {expect.exit_code}"
    sums = (one.questions, one.requests, one.output_tokens, f"{one.seconds:.1f}")
    return "| " + " | ".join(map(str, (one.patient.id, wanted, missed, alarms, _cured(one), code, *sums))) + " |"


def _cured(one: Outcome) -> str:
    """One word a cause: `yes` was verified and taken back, `by hand` is left to people, else what came of it."""
    return ", ".join("yes" if cure.fixed else cure.outcome for cure in one.cures) or "-"


def _cured_in_all(outcomes: Sequence[Outcome]) -> str:
    cures = [cure for one in outcomes for cure in one.cures]
    able = [cure for cure in cures if cure.outcome != BY_HAND]
    fixed = [cure for cure in able if cure.fixed]
    patients = sum(any(cure.fixed for cure in one.cures) for one in outcomes)
    return (
        f"Cured {len(fixed)} of the {len(able)} causes with a remedy that the doctor can carry out, in {patients} "
        f"patients; {len(cures) - len(able)} causes are for people to cure."
    )


async def main(names: Sequence[str]) -> int:
    """Examine the named patients, or all; 1 when a diagnosis is not the expected one."""
    chosen = [patient(name) for name in names] or shipped()
    known = catalogue()
    outcomes: list[Outcome] = []
    for number, one in enumerate(chosen, 1):
        seen = await examined(one)
        cures = () if one.healthy else await treated(one, known)
        outcomes.append(msgspec.structs.replace(seen, cures=cures))
        sys.stderr.write(f"{number:4}/{len(chosen)} {one.id:32} {'right' if seen.right else 'WRONG'}\n")
    sys.stdout.write(markdown(outcomes))
    return 0 if all(one.right for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
