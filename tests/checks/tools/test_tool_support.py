"""The tool-support check on given facts; on a real engine in tests/checks/output/test_chat_template.py."""

import msgspec
import pytest

from doctor.errors import Skip
from doctor.facts import FileHealth, ModelCard, Rendered
from tests.given import run_check, symptoms

WITHOUT = Rendered(
    chat="sys one reply two",
    user_only="one",
    with_tools="one",
    system_word="sys",
    user_words=("one", "two"),
    assistant_word="reply",
    tool_word="lookup",
)


async def test_a_tool_in_the_prompt_passes():
    assert symptoms(await run_check("tool-support", [msgspec.structs.replace(WITHOUT, with_tools="lookup one")])) == []


async def test_a_model_without_tools_is_only_a_note():
    verdict = await run_check("tool-support", [WITHOUT])

    assert [(finding.symptom, finding.severity) for finding in verdict.findings] == [("template-without-tools", "note")]


@pytest.mark.parametrize(
    "facts",
    [
        [msgspec.structs.replace(WITHOUT, tool_markers=("<tool_call>",))],
        [WITHOUT, FileHealth(path="/m.gguf", size_bytes=1, chat_template="{% if tools %}")],
        [
            msgspec.structs.replace(
                WITHOUT,
                with_tools=None,
                refusals={"with_tools": "tools param requires --jinja flag"},
                tool_markers=("[TOOL_CALLS]",),
            )
        ],
    ],
    ids=["markers in the vocabulary", "the file's own template", "refused without jinja"],
)
async def test_a_model_trained_for_tools_that_gets_none_is_a_fault(facts):
    assert symptoms(await run_check("tool-support", facts)) == ["tools-not-rendered"]


async def test_a_template_that_loses_messages_is_not_blamed_for_tools():
    literal = msgspec.structs.replace(WITHOUT, chat="llama2", tool_markers=("<tool_call>",))

    with pytest.raises(Skip, match="loses more than tools"):
        await run_check("tool-support", [literal])


@pytest.mark.parametrize(
    ("able", "expected"), [(("completion", "tools"), []), (("completion",), ["template-without-tools"])]
)
async def test_without_prompts_the_runtime_s_word_counts(able, expected):
    assert symptoms(await run_check("tool-support", [ModelCard(name="m", capabilities=able)])) == expected


TAKES_TOOLS = FileHealth(path="/m.gguf", size_bytes=1, chat_template="{% if tools %}")


@pytest.mark.parametrize(
    ("able", "facts", "expected"),
    [
        (("completion",), [TAKES_TOOLS], "tools-not-rendered"),
        (("completion",), [FileHealth(path="/m", size_bytes=1, chat_template="{{ x }}")], "template-without-tools"),
        (("embedding",), [TAKES_TOOLS], "template-without-tools"),
    ],
)
async def test_the_template_in_the_file_may_contradict_the_runtime(able, facts, expected):
    verdict = await run_check("tool-support", [ModelCard(name="m", capabilities=able), *facts])

    assert symptoms(verdict) == [expected]


async def test_nothing_is_said_when_nothing_is_known():
    with pytest.raises(Skip, match="does not say"):
        await run_check("tool-support", [ModelCard(name="m")])
