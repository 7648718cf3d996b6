"""The raw-text check on given facts."""

import msgspec
import pytest

from doctor.errors import Skip
from doctor.facts import Exchange, RawText
from tests.given import run_check, symptoms


def answer(text: str, finish: str = "length") -> Exchange:
    return Exchange(purpose="P11", status=200, content=text, finish_reason=finish)


FAILED = RawText(
    family="chatml",
    chat_failed=True,
    answers=(answer("42", "stop"),),
    right=(True,),
    patterns=(answer(" cherry"), answer(" table")),
    continued=(True, True),
    top_probability=0.9,
    chat_never_stopped=True,
)
WRONG = msgspec.structs.replace(FAILED, answers=(answer("17 + 3"), answer("chair")), right=(False, False))
STRANGER = msgspec.structs.replace(WRONG, family="", answers=(), right=())


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (FAILED, ["raw-answers-right"]),
        (msgspec.structs.replace(FAILED, only_a_copy=True), []),
        (msgspec.structs.replace(FAILED, right=(False, True)), ["raw-answers-right"]),
        (WRONG, ["continues-only"]),
        (msgspec.structs.replace(WRONG, continued=(False, True)), ["continues-only"]),
        (msgspec.structs.replace(WRONG, continued=(False, False)), ["word-rows-broken"]),
        (msgspec.structs.replace(WRONG, chat_never_stopped=False), []),
        (msgspec.structs.replace(WRONG, answers=(answer("nine", "stop"), answer("red"))), []),
        (
            msgspec.structs.replace(WRONG, family="", answers=(), right=(), continued=(False, False)),
            ["word-rows-broken"],
        ),
        (msgspec.structs.replace(FAILED, chat_failed=False), []),
        (RawText(family="", chat_failed=False), []),
        (msgspec.structs.replace(WRONG, chat_failed=False, continued=(False, False)), []),
    ],
)
async def test_template_training_and_weights_are_told_apart(raw: RawText, expected: list[str]) -> None:
    assert symptoms(await run_check("raw-text", [raw])) == expected


@pytest.mark.parametrize(("only_a_copy", "severity"), [(False, "critical"), (True, "warning")])
async def test_broken_rows_are_milder_where_questions_are_answered(only_a_copy: bool, severity: str) -> None:
    raw = msgspec.structs.replace(WRONG, continued=(False, False), only_a_copy=only_a_copy)
    assert [finding.severity for finding in (await run_check("raw-text", [raw])).findings] == [severity]


async def test_a_model_of_unknown_family_that_goes_on_with_rows_is_not_judged() -> None:
    with pytest.raises(Skip, match="family is not known"):
        await run_check("raw-text", [STRANGER])


async def test_the_evidence_shows_rows_answer_and_probability() -> None:
    verdict = await run_check("raw-text", [FAILED])
    values = {evidence.label: evidence.value for evidence in verdict.findings[0].evidence}
    assert values["rows of words gone on with"] == "cherry; table"
    assert values["answer with the markers of chatml"] == "42"
    assert values["probability of the next word"] == 0.9
