"""The check tool-history on given prompts."""

import pytest

from doctor.errors import Skip
from doctor.facts import ToolPrompt
from tests.given import run_check, symptoms

HEAD = "user: walnutone\nassistant: "
RESULT = '\ntool: {"water": "slackwater"}\nassistant:'


def prompt(call: str, result: str = RESULT) -> ToolPrompt:
    return ToolPrompt(
        history=HEAD + call + result, question="walnutone", value="brindisi", result="slackwater", source="rendered"
    )


@pytest.mark.parametrize(
    "call",
    [
        '{"name": "lookup_harbour", "arguments": {"port": "brindisi"}}',
        "<function=lookup_harbour>\n<parameter=port>\nbrindisi\n</parameter></function>",
        "[lookup_harbour(port='brindisi')]",
        "",
    ],
    ids=["JSON", "XML", "code", "not shown at all"],
)
async def test_arguments_as_families_write_them_pass(call: str) -> None:
    assert symptoms(await run_check("tool-history", [prompt(call)])) == []


@pytest.mark.parametrize(
    "quoted", [r'"{\"port\": \"brindisi\"}"', r'"{\"port\":\"brindisi\"}"', r'"{\\"a\\": \\"brindisi']
)
async def test_a_text_within_a_text_is_seen(quoted: str) -> None:
    verdict = await run_check("tool-history", [prompt('{"name": "x", "arguments": ' + quoted)])

    assert [(f.symptom, f.severity) for f in verdict.findings] == [("tool-arguments-escaped", "warning")]
    assert "brindisi" in str(verdict.findings[0].evidence[0].value)


async def test_a_result_that_is_not_in_the_prompt_is_seen() -> None:
    verdict = await run_check("tool-history", [prompt('{"port": "brindisi"}', "\nassistant:")])

    assert symptoms(verdict) == ["tool-result-not-rendered"]


async def test_a_template_that_loses_the_question_is_not_blamed_for_the_result() -> None:
    literal = ToolPrompt(history="llama2", question="walnutone", value="brindisi", result="slackwater")

    with pytest.raises(Skip, match="loses more"):
        await run_check("tool-history", [literal])


async def test_a_refused_history_is_critical() -> None:
    refused = ToolPrompt(history=None, refusal="Can only get item pairs from a mapping.", value="b", result="s")

    verdict = await run_check("tool-history", [refused])

    assert [(f.symptom, f.severity) for f in verdict.findings] == [("tool-history-refused", "critical")]
