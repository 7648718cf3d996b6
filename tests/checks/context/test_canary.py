"""The check canary on given answers."""

import msgspec
import pytest

from doctor.errors import Skip
from doctor.facts import CanaryText, Exchange, Needle
from tests.given import run_check, symptoms

DEPTHS = (0.02, 0.35, 0.65, 0.97)


def canary(found: str, tokens: int = 3489, text: str = "red=1", **more: object) -> CanaryText:
    """`found` is a row of four signs, + for a code that came back."""
    return CanaryText(
        exchange=Exchange(purpose="P16", status=200, content=text, prompt_tokens=tokens, max_tokens=48),
        needles=tuple(
            Needle(colour="red", code="1", depth=depth, found=sign == "+")
            for sign, depth in zip(found, DEPTHS, strict=True)
        ),
        words=2326,
        expected_tokens=3489,
        **more,
    )


@pytest.mark.parametrize("found", ["++++", "-+++", "++-+", "+++-"])
async def test_one_miss_is_chance(found: str) -> None:
    assert symptoms(await run_check("canary", [canary(found)])) == []


@pytest.mark.parametrize(
    ("found", "symptom"),
    [
        ("--++", "canary-head-lost"),
        ("---+", "canary-head-lost"),
        ("++--", "canary-tail-lost"),
        ("+---", "canary-tail-lost"),
        ("+--+", "canary-middle-cut"),
    ],
)
async def test_a_lost_end_of_a_prompt_that_was_cut_is_seen(found: str, symptom: str) -> None:
    assert symptoms(await run_check("canary", [canary(found, tokens=2050)])) == [symptom]


@pytest.mark.parametrize(
    ("first", "symptom"), [("++--", "canary-tail-lost"), ("--++", "canary-head-lost"), ("+--+", "canary-middle-cut")]
)
async def test_a_cut_that_took_the_question_along_is_placed_by_the_question_in_front(first: str, symptom: str) -> None:
    fact = canary("----", tokens=2050, question_first=canary(first).needles)

    verdict = await run_check("canary", [fact])

    assert symptoms(verdict) == [symptom]
    assert "question in front" in verdict.findings[0].evidence[-1].label


@pytest.mark.parametrize("first", ["----", "++++"])
async def test_a_cut_that_neither_form_places_is_not_judged(first: str) -> None:
    with pytest.raises(Skip, match="does not show where"):
        await run_check("canary", [canary("----", tokens=2050, question_first=canary(first).needles)])


async def test_the_count_of_tokens_parts_a_cut_from_a_weakness() -> None:
    short, whole = canary("++--", tokens=3140), canary("++--", tokens=3141, repeats=(canary("++++"), canary("++++")))

    assert symptoms(await run_check("canary", [short])) == ["canary-tail-lost"]
    assert symptoms(await run_check("canary", [whole])) == ["canary-beyond-reach"]


async def test_a_cut_that_does_not_show_where_is_not_judged() -> None:
    with pytest.raises(Skip, match="does not show where"):
        await run_check("canary", [canary("----", tokens=2050)])


@pytest.mark.parametrize(
    ("long", "short", "half", "symptom"),
    [
        ("+--+", "++++", "++++", "canary-middle-lost"),
        ("--++", "++++", "++--", "canary-beyond-reach"),
        ("----", "++++", "+---", "canary-beyond-reach"),
        ("----", "++++", "----", "canary-beyond-reach"),
        ("----", "+---", "----", "canary-all-lost"),
        ("----", "----", "----", "canary-all-lost"),
    ],
)
async def test_misses_in_a_complete_text_are_told_apart(long: str, short: str, half: str, symptom: str) -> None:
    repeats = (canary(short), canary(half))

    verdict = await run_check("canary", [canary(long, repeats=repeats)])

    assert symptoms(verdict) == [symptom]
    assert verdict.findings[0].severity == ("warning" if symptom == "canary-all-lost" else "note")


async def test_a_small_model_that_finds_nothing_gets_a_note() -> None:
    fact = canary("----", repeats=(canary("----"), canary("----")), small_model=True)

    assert (await run_check("canary", [fact])).findings[0].severity == "note"


async def test_a_miss_that_is_not_repeated_is_no_sign() -> None:
    verdict = await run_check("canary", [canary("--++", repeats=(canary("++--"), canary("++++")))])

    assert symptoms(verdict) == []


async def test_misses_without_a_second_text_are_not_judged() -> None:
    with pytest.raises(Skip, match="budget"):
        await run_check("canary", [canary("--++")])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"content": "", "reasoning": "hm"}, "thinking"),
        ({"content": ""}, "empty"),
        ({"status": 400, "error": "too long"}, "too long"),
        ({"max_tokens": 1}, "too slow"),
    ],
)
async def test_an_answer_that_holds_nothing_to_score_is_not_judged(fields: dict, reason: str) -> None:
    fact = canary("----")
    fact = msgspec.structs.replace(fact, exchange=msgspec.structs.replace(fact.exchange, **fields))

    with pytest.raises(Skip, match=reason):
        await run_check("canary", [fact])
