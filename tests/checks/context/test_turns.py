"""The turns and limits checks on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import CanaryText, ControlAnswers, Echo, Exchange, ModelCard, Needle, RawText, SystemRole, Turn, Turns
from doctor.model import Severity
from tests.given import run_check, symptoms

GOOD, BAD = (True, True, True), (True, False, True)


def turns(*kept: tuple, tokens: int = 300, window: int | None = 4096, small: bool = False) -> Turns:
    said = Exchange(purpose="P30", status=200, content="Hello #", prompt_tokens=tokens)
    return Turns(
        turns=tuple(Turn(exchange=said, short=s, lower=low, ended=e) for s, low, e in kept),
        window=window,
        small_model=small,
    )


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (turns(*[GOOD] * 6), []),
        (turns(GOOD, GOOD, GOOD, GOOD, BAD, GOOD), []),
        (turns(GOOD, GOOD, GOOD, GOOD, BAD, BAD), ["rules-fade"]),
        (turns(GOOD, GOOD, BAD, (False, True, True), GOOD, (True, True, False)), ["rules-fade"]),
        (turns(GOOD, BAD, GOOD, BAD, BAD, BAD), []),
        (turns(*[BAD] * 6), []),
    ],
)
async def test_rules_that_are_lost_late_are_found(fact, expected):
    assert symptoms(await run_check("turns", [fact])) == expected


async def test_the_answer_that_broke_a_rule_is_shown():
    said = [Exchange(purpose="P30", status=200, content=f"answer {n}", prompt_tokens=300) for n in range(6)]
    kept = [True, True, True, False, True, False]
    talk = Turns(
        turns=tuple(Turn(exchange=e, short=True, lower=k, ended=True) for e, k in zip(said, kept, strict=True))
    )
    (finding,) = (await run_check("turns", [talk])).findings
    assert "answer 3" in [item.value for item in finding.evidence]


@pytest.mark.parametrize(("small", "severity"), [(False, Severity.WARNING), (True, Severity.NOTE)])
async def test_a_small_model_that_loses_rules_is_only_noted(small, severity):
    (finding,) = (await run_check("turns", [turns(*[GOOD] * 4, BAD, BAD, small=small)])).findings
    assert finding.severity is severity


async def test_a_nearly_full_window_is_not_judged():
    with pytest.raises(Skip, match="may have been cut"):
        await run_check("turns", [turns(*[GOOD] * 4, BAD, BAD, tokens=2868)])
    assert symptoms(await run_check("turns", [turns(*[GOOD] * 4, BAD, BAD, tokens=2867)])) == ["rules-fade"]


ANSWER = Exchange(purpose="x", status=200, content="zebra 7")
ECHO = Echo(expected="zebra 7", exchange=ANSWER, similarity=1.0)
MISCOPIED = Echo(expected="zebra 7", exchange=ANSWER, similarity=0.5)
HIDDEN = tuple(Needle(colour="red", code="1", depth=0.1, found=n == 0) for n in range(4))
LONG = Exchange(purpose="c", status=200, content="red=1", max_tokens=48)
MISSED = CanaryText(exchange=LONG, needles=HIDDEN, words=2000)


def canary(**fields):
    return CanaryText(**{"exchange": LONG, "needles": HIDDEN, "words": 2000, "repeats": (MISSED,), **fields})


@pytest.mark.parametrize(
    ("facts", "missed"),
    [
        ([ECHO], "nothing"),
        ([MISCOPIED], "copying a line"),
        ([ECHO, ControlAnswers(exchanges=(ANSWER,) * 3, right=(False, True, False))], "2 of 3 simple questions"),
        ([ECHO, ControlAnswers(exchanges=(ANSWER,) * 3, right=(False, True, True))], "nothing"),
        ([ECHO, SystemRole(in_system=ANSWER, obeyed_in_user=False)], "a rule, wherever it stands"),
        ([ECHO, SystemRole(in_system=ANSWER, obeyed_in_user=True)], "nothing"),
        ([ECHO, canary()], "3 of 4 codes in a long text"),
        ([ECHO, canary(repeats=())], "nothing"),
    ],
)
async def test_what_a_model_misses_is_a_note_in_plain_words(facts, missed):
    verdict = await run_check("limits", facts)
    assert verdict.evidence[0].value == missed
    assert symptoms(verdict) == ([] if missed == "nothing" else ["model-limited"])
    assert all(finding.severity is Severity.NOTE for finding in verdict.findings)


async def test_the_size_of_a_limited_model_is_shown():
    (finding,) = (await run_check("limits", [MISCOPIED, ModelCard(name="m", parameters=500_000_000)])).findings
    assert [evidence.value for evidence in finding.evidence] == ["copying a line", "500 million"]


def control(right=(), continued=(True, True)):
    return RawText(family="chatml", chat_failed=True, right=right, continued=continued)


@pytest.mark.parametrize("raw", [control(right=(True,)), control(continued=(False, False))])
async def test_a_control_that_speaks_of_a_fault_silences_the_limits(raw):
    with pytest.raises(Skip, match="speaks of a fault"):
        await run_check("limits", [MISCOPIED, raw])
    assert symptoms(await run_check("limits", [MISCOPIED, control(right=(False,))])) == ["model-limited"]


async def test_garbage_says_nothing_about_what_a_model_can_do():
    flood = Echo(expected="x", exchange=Exchange(purpose="x", status=200, content="G" * 40), similarity=0.0)
    with pytest.raises(Skip, match="not sane"):
        await run_check("limits", [flood])
