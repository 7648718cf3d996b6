"""The check tool-choice on given answers."""

import pytest

from doctor.errors import Skip
from doctor.facts import Identity, ToolChoice
from tests.checks.tools.trials import call, trial
from tests.given import run_check, symptoms

QUIET = trial("none", content="I may not.", finish_reason="stop")
CALLED = trial("none", call(), finish_reason="tool_calls")
PROSE = trial("required", content="Hi.", finish_reason="stop")
OBEYED = trial("required", call(), finish_reason="tool_calls")
RIGHT = trial("named", call("convert_currency"))
OTHER = trial("named", call("get_weather"))


def by(runtime: str) -> Identity:
    return Identity(runtime=runtime, state="ready", name=runtime)


def chosen(**trials) -> ToolChoice:
    return ToolChoice(**trials, wanted="convert_currency")


async def test_a_field_that_is_kept_to_passes() -> None:
    verdict = await run_check("tool-choice", [chosen(none=QUIET, required=OBEYED, named=RIGHT), by("vllm")])

    assert symptoms(verdict) == []
    assert [each.value for each in verdict.evidence] == ["honoured"] * 3


@pytest.mark.parametrize(
    "choice", [chosen(none=CALLED), chosen(required=PROSE), chosen(named=OTHER), chosen(none=QUIET, required=PROSE)]
)
async def test_an_ignored_field_is_a_fault_where_it_is_promised(choice: ToolChoice) -> None:
    verdict = await run_check("tool-choice", [choice, by("vllm")])

    assert [(f.symptom, f.severity) for f in verdict.findings] == [("tool-choice-ignored", "warning")]


@pytest.mark.parametrize(
    ("choice", "runtime"),
    [(chosen(none=CALLED), "ollama"), (chosen(required=PROSE), "lmstudio"), (chosen(named=OTHER), "llama.cpp")],
)
async def test_elsewhere_it_is_a_note(choice: ToolChoice, runtime: str) -> None:
    verdict = await run_check("tool-choice", [choice, by(runtime)])

    assert [(f.symptom, f.severity) for f in verdict.findings] == [("tool-choice-not-supported", "note")]


async def test_both_kinds_are_told_apart() -> None:
    verdict = await run_check("tool-choice", [chosen(none=CALLED, named=OTHER), by("llama.cpp")])

    assert symptoms(verdict) == ["tool-choice-ignored", "tool-choice-not-supported"]


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refusal_is_honest(status: int) -> None:
    refused = trial("required", status=status, error="tool_choice is not supported")

    verdict = await run_check("tool-choice", [chosen(required=refused), by("vllm")])

    assert symptoms(verdict) == []
    assert verdict.evidence[0].value == "refused"


@pytest.mark.parametrize(
    "made",
    [
        trial("required", content="Hello! Hello!", finish_reason="length"),
        trial("required", finish_reason="stop", call_as_text="<tool_call>"),
        trial("required", reasoning="hm", finish_reason="stop"),
        trial("required", status=500, error="out of memory"),
    ],
    ids=["cut off", "written as text", "only a thought", "another error"],
)
async def test_what_cannot_be_judged_is_skipped(made) -> None:
    with pytest.raises(Skip, match="can be judged"):
        await run_check("tool-choice", [chosen(required=made), by("vllm")])
