"""The template-family check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import ChatTemplate, FileHealth, ModelCard, Rendered
from doctor.model import Severity
from tests.given import run_check, symptoms
from tests.test_families import CHATML

QWEN = ModelCard(name="m", architecture="qwen2", eos_token="<|im_end|>")
UNKNOWN = ModelCard(name="m", architecture="llama", eos_token="</s>")
INST = ChatTemplate(text="{{ '[INST] ' + messages[-1].content + ' [/INST]' }}", language="jinja")
OWN = ChatTemplate(text=CHATML, language="jinja")


def in_file(text: str | None) -> FileHealth:
    return FileHealth(path="/m.gguf", size_bytes=9, chat_template=text)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([OWN, QWEN], []),
        ([INST, QWEN], ["template-of-another-family"]),
        ([INST, UNKNOWN], []),
        ([INST, UNKNOWN, in_file(INST.text)], []),
        ([INST, UNKNOWN, in_file(CHATML)], ["template-of-another-family", "template-replaced"]),
        ([OWN, QWEN, in_file(CHATML + "\n")], []),
        ([OWN, QWEN, in_file(CHATML + "{# ours #}")], ["template-replaced"]),
        ([ChatTemplate(text="{{ messages }}"), QWEN], []),
        ([INST, QWEN, Rendered(chat="<|im_start|>user\nx")], []),
        ([OWN, QWEN, Rendered(chat="<start_of_turn>user\nx")], ["template-of-another-family"]),
    ],
)
async def test_templates_of_other_families_and_replaced_ones_are_noted(facts: list, expected: list[str]) -> None:
    verdict = await run_check("template-family", facts)
    assert symptoms(verdict) == expected
    assert all(finding.severity is Severity.NOTE for finding in verdict.findings)


async def test_a_published_template_is_named() -> None:
    (evidence,) = (await run_check("template-family", [OWN, QWEN])).evidence
    assert evidence.value == "the one published for chatml (ollama/ollama)"


async def test_a_server_that_shows_no_template_is_not_judged() -> None:
    with pytest.raises(Skip, match="does not show"):
        await run_check("template-family", [ChatTemplate(text=" "), QWEN])
