"""The determinism check on given facts."""

import pytest

from doctor.facts import Exchange, Repeated
from doctor.model import Severity
from tests.given import run_check, symptoms

AGAIN = Exchange(purpose="P06", status=200, content="A boat drifts by in the cold morning.")


def repeated(similarity: float, among: float | None = None, *, early: bool = False) -> Repeated:
    return Repeated(
        first="The river is wide and slow today.",
        repeats=(AGAIN,) if among is None else (AGAIN, AGAIN),
        similarity=similarity,
        among=among,
        early=early,
    )


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (repeated(1.0), []),
        (repeated(0.4, 1.0), []),
        (repeated(0.4, 0.9), []),
        (repeated(0.4, 0.89), ["answers-part-late"]),
        (repeated(0.95, 0.5), ["answers-part-late"]),
        (repeated(0.3, 0.2, early=True), ["answers-vary"]),
    ],
)
async def test_answers_that_differ_from_the_cache_are_found(fact: Repeated, expected: list[str]) -> None:
    assert symptoms(await run_check("determinism", [fact])) == expected


@pytest.mark.parametrize(("early", "severity"), [(True, Severity.WARNING), (False, Severity.NOTE)])
async def test_only_texts_that_part_early_are_a_warning(early: bool, severity: Severity) -> None:
    (finding,) = (await run_check("determinism", [repeated(0.3, 0.2, early=early)])).findings
    assert finding.severity is severity


async def test_an_answer_without_words_is_shown_as_one() -> None:
    fact = Repeated(first="A river.", repeats=(Exchange(purpose="P06", status=200), AGAIN), similarity=0.0, among=0.0)
    (finding,) = (await run_check("determinism", [fact])).findings
    assert [item.value for item in finding.evidence][1:] == ["A river.", "(empty)", AGAIN.content]
