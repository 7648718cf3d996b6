"""The check tool-call on given answers."""

import pytest

from doctor.errors import Skip
from doctor.facts import ChatTemplate
from tests.checks.tools.trials import SILENT, answer, call, trial
from tests.given import run_check, symptoms


async def test_calls_that_arrive_as_calls_pass() -> None:
    fact = answer(trial("T1", call()), trial("T2", call()), trial("T3", call(), call()), trial("T5"))

    verdict = await run_check("tool-call", [fact])

    assert symptoms(verdict) == []
    assert verdict.evidence[0].value == "3 of 3"


async def test_a_call_in_the_text_is_seen_once_and_the_layer_is_named() -> None:
    written = [trial(i, call_as_text="<tool_call>", named_in_text="get_weather") for i in ("T1", "T2", "T3")]

    verdict = await run_check("tool-call", [answer(*written, trial("T5"))])

    assert symptoms(verdict) == ["tool-call-as-text"]
    assert verdict.findings[0].subject == "T1"
    assert "call of get_weather" in verdict.findings[0].summary
    assert verdict.findings[0].evidence[-1].value == "the server's tool parser"


@pytest.mark.parametrize(
    ("sign", "template", "foreign"),
    [
        ("<tool_call>", "use [CALL]", True),
        ("<tool_call>", "use <tool_call>", False),
        ("<tool_call>", "", False),
        ("JSON as the answer", "use [CALL]", False),
    ],
)
async def test_a_marker_that_the_template_does_not_know_is_another_familys(sign: str, template: str, foreign) -> None:
    facts = [answer(trial("T1", call_as_text=sign, named_in_text="get_weather")), ChatTemplate(text=template)]

    verdict = await run_check("tool-call", facts)

    assert symptoms(verdict) == ["tool-call-as-text"]
    assert ("another syntax" in verdict.findings[0].summary) is foreign
    assert len(verdict.findings[0].evidence) == (3 if foreign else 2)


@pytest.mark.parametrize("thinking", [False, True])
async def test_a_call_in_the_thinking_is_seen(thinking: bool) -> None:
    made = trial("T1", call_in_thinking="<tool_call>", thinking=thinking)

    verdict = await run_check("tool-call", [answer(trial("T1", call()), trial("T2"), trial("T3"), made)])

    assert symptoms(verdict) == ["tool-call-in-thinking"]
    assert ("thinking switched on" in verdict.findings[0].summary) is thinking
    assert verdict.findings[0].evidence[-1].value == "the server's reasoning parser"


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (answer(*SILENT), "no call arrived"),
        (answer(trial("T1", status=400, error="no tools here")), "no tools here"),
    ],
)
async def test_what_cannot_be_judged_is_skipped(fact, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        await run_check("tool-call", [fact])
