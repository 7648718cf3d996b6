"""The determinism check on given facts."""

import pytest

from doctor.facts import Exchange, Repeated
from doctor.model import Severity
from tests.given import run_check, symptoms

AGAIN = Exchange(purpose="P06", status=200, content="A boat drifts by in the cold morning.")


def repeated(similarity: float, third: float | None = None) -> Repeated:
    return Repeated(
        first="The river is wide and slow today.",
        again=AGAIN,
        similarity=similarity,
        third=None if third is None else AGAIN,
        third_similarity=third,
    )


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (repeated(1.0), []),
        (repeated(0.9), []),
        (repeated(0.4, third=1.0), []),
        (repeated(0.4, third=0.9), []),
        (repeated(0.4, third=0.89), ["answers-vary"]),
        (repeated(0.3, third=0.2), ["answers-vary"]),
    ],
)
async def test_answers_that_differ_twice_are_found(fact: Repeated, expected: list[str]) -> None:
    assert symptoms(await run_check("determinism", [fact])) == expected


@pytest.mark.parametrize(
    ("fact", "severity"),
    [
        (repeated(0.3, third=0.2), Severity.WARNING),
        (repeated(0.69, third=0.69), Severity.WARNING),
        (repeated(0.3, third=0.75), Severity.NOTE),
        (repeated(0.8, third=0.5), Severity.NOTE),
    ],
)
async def test_only_texts_that_part_early_are_a_warning(fact: Repeated, severity: Severity) -> None:
    (finding,) = (await run_check("determinism", [fact])).findings
    assert finding.severity is severity
