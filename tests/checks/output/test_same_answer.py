"""The same-answer and refusals checks on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import ControlAnswers, Echo, Exchange, ListAnswer
from tests.given import run_check, symptoms

SORRY = "Sorry, the model is not available."


def said(text: str, **fields: object) -> Exchange:
    return Exchange(purpose="x", **{"status": 200, "content": text, **fields})


def facts(echo: Exchange, *controls: Exchange, listed: Exchange | None = None) -> list:
    found: list = [Echo(expected="x", exchange=echo, similarity=0.0)]
    found += [ControlAnswers(exchanges=controls, right=(False,) * len(controls))] if controls else []
    return [*found, ListAnswer(exchange=listed)] if listed else found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (facts(said(SORRY), said(SORRY), said(SORRY)), ["same-answer-to-all"]),
        (facts(said(SORRY), said(SORRY[:12]), said(SORRY[:12]), listed=said(SORRY)), ["same-answer-to-all"]),
        (facts(said("zebra 7"), said("42"), said("blue")), []),
        (facts(said(SORRY), said(SORRY), said("blue")), []),
        (facts(said("ok"), said("ok"), said("ok")), []),
        (facts(said("G" * 40), said("G" * 40), said("G" * 40)), []),
    ],
)
async def test_one_text_for_every_question_is_found(given: list, expected: list[str]) -> None:
    assert symptoms(await run_check("same-answer", given)) == expected


@pytest.mark.parametrize(
    "given",
    [
        facts(said(SORRY), said(SORRY)),
        facts(said(SORRY), said(SORRY, stopped_early=True), said("", reasoning="hm")),
    ],
)
async def test_two_alike_may_be_chance(given: list) -> None:
    with pytest.raises(Skip, match="too few"):
        await run_check("same-answer", given)


REFUSAL = said("", status=500, error="template failed")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (facts(said("zebra"), said("42"), said("blue")), []),
        (facts(REFUSAL, said("42"), said("blue")), []),
        (facts(said("zebra"), REFUSAL, REFUSAL), []),
        (facts(REFUSAL, REFUSAL, REFUSAL), ["chat-refused"]),
        (facts(*[said("", error="oops")] * 3), ["error-with-200"]),
        (facts(REFUSAL), []),
    ],
)
async def test_refusals_of_every_question_are_found(given: list, expected: list[str]) -> None:
    assert symptoms(await run_check("refusals", given)) == expected


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 503])
async def test_keys_and_queues_are_the_business_of_others(status: int) -> None:
    with pytest.raises(Skip, match=str(status)):
        await run_check("refusals", facts(*[said("", status=status, error="no")] * 3))
