"""The chat-template check on given facts, and all checks of the rendered prompt on a real engine with broken files."""

import asyncio

import msgspec
import pytest

from doctor.collect import target_collectors
from doctor.context import Context, Target
from doctor.errors import Skip
from doctor.facts import ChatTemplate, ModelCard, Rendered
from doctor.http import Client
from doctor.model import Depth
from doctor.ward.engine import PATIENT, Settings, serving
from doctor.ward.variants import prepared
from tests.given import bundled, run_check, symptoms

CHECKS = ("chat-template", "end-token", "markers", "bos", "pretokenizer", "tool-support", "window", "template-roles")
TURN = "<|im_start|>{role}\n{text}<|im_end|>\n"
WORDS = {"system": "sys", "user": "one", "assistant": "reply"}
CHAT = "".join(TURN.format(role=role, text=text) for role, text in WORDS.items()) + TURN.format(role="user", text="two")
OPEN = "<|im_start|>assistant\n"
HEALTHY = Rendered(
    chat=CHAT + OPEN,
    user_only=TURN.format(role="user", text="one") + OPEN,
    without_generation_prompt=CHAT,
    system_word="sys",
    user_words=("one", "two"),
    assistant_word="reply",
)
CARD = ModelCard(name="m:1", capabilities=("completion",))


async def found_by(check_id, url):
    async with Client(url) as client:
        context = Context(Target(url=url), Depth.PASSIVE, target_collectors(), http=client)
        verdict = await bundled(check_id).run(context)
        await context.close()
    return verdict


def signs(url):
    found = []
    for check_id in CHECKS:
        try:
            found += symptoms(asyncio.run(found_by(check_id, url)))
        except Skip:
            continue
    return found


@pytest.mark.ward
@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("template_llama2", ["marker-split-into-pieces"]),
        ("template_missing", ["tools-not-rendered"]),
        ("template_no_generation_prompt", ["template-without-generation-prompt"]),
        ("template_no_system", ["tools-not-rendered"]),
        ("template_no_tools", ["tools-not-rendered"]),
        ("template_last_only", ["template-drops-messages"]),
        ("template_alternate", ["tools-not-rendered", "template-refuses-alternation"]),
        ("template_literal", ["template-drops-messages"]),
        ("template_thinking_always", []),
        ("template_thinking_never", []),
        ("eos_unknown", ["end-marker-not-end-token"]),
        ("eos_wrong", []),
        ("markers_normal", ["marker-split-into-pieces"]),
        ("pretokenizer_wrong", ["pretokenizer-unnamed"]),
        ("context_short", []),
        ("rope_wrong", []),
    ],
)
def test_each_broken_file_shows_its_own_sign(variant, expected):
    """Real llama.cpp server."""
    with prepared(variant) as path, serving(path) as running:
        assert signs(running.url) == expected


@pytest.mark.ward
@pytest.mark.parametrize("settings", [Settings(), Settings(slots=4, unified=True), Settings(thinking=True)])
def test_a_healthy_server_shows_no_sign(settings):
    """Real llama.cpp server."""
    with serving(PATIENT, settings) as running:
        assert signs(running.url) == []


@pytest.mark.ward
def test_a_template_s_name_taken_for_a_template_loses_every_message():
    """Real llama.cpp server, started with `--chat-template llama2` while jinja is on."""
    with serving(PATIENT, Settings(chat_template="llama2")) as running:
        verdict = asyncio.run(found_by("chat-template", running.url))

    assert symptoms(verdict) == ["template-drops-messages"]
    assert verdict.findings[0].summary == "3 of 3 messages do not reach the model"


async def test_a_whole_conversation_passes():
    assert symptoms(await run_check("chat-template", [HEALTHY])) == []


async def test_a_lost_system_text_has_a_sign_of_its_own():
    without = msgspec.structs.replace(HEALTHY, chat=(HEALTHY.chat or "").replace("sys", ""))

    assert symptoms(await run_check("chat-template", [without])) == ["template-drops-system"]


async def test_templates_that_need_no_header_before_an_answer_pass():
    chat = "[INST] sys one [/INST] reply </s>[INST] two [/INST]"
    llama2 = msgspec.structs.replace(HEALTHY, chat=chat, without_generation_prompt=chat)

    assert symptoms(await run_check("chat-template", [llama2])) == []


async def test_a_header_that_is_shorter_than_in_the_history_is_enough():
    history = "<|start|>user<|message|>{}<|end|>"
    channel = "<|start|>assistant<|channel|>final<|message|>reply<|end|>"
    chat = "sys" + history.format("one") + channel + history.format("two")
    harmony = msgspec.structs.replace(HEALTHY, chat=chat + "<|start|>assistant", without_generation_prompt=chat)

    assert symptoms(await run_check("chat-template", [harmony])) == []


async def test_the_built_in_chatml_is_a_fault_when_its_markers_are_no_tokens():
    chatml = ChatTemplate(text="{%- for message in messages -%}\n  {{- '<|im_start|>' + message.role + '\n' -}}")
    pieces = msgspec.structs.replace(HEALTHY, marker_tokens={"<|im_start|>": 6, "<|im_end|>": 6})

    assert symptoms(await run_check("chat-template", [pieces, chatml])) == ["template-missing"]
    assert symptoms(await run_check("chat-template", [HEALTHY, chatml])) == []


@pytest.mark.parametrize("text", ["{{ .Prompt }}", "{{- .Prompt -}}\n"])
async def test_a_template_that_only_passes_the_prompt_on_is_none(text):
    verdict = await run_check("chat-template", [ChatTemplate(text=text, language="go"), CARD])

    assert symptoms(verdict) == ["template-missing"]


async def test_a_model_that_completes_code_needs_no_template():
    coder = msgspec.structs.replace(CARD, capabilities=("completion", "insert"))
    verdict = await run_check("chat-template", [ChatTemplate(text="{{ .Prompt }}", language="go"), coder])

    assert symptoms(verdict) == []


async def test_prompts_rendered_by_built_in_code_cannot_be_judged():
    with pytest.raises(Skip, match="does not show how it renders"):
        await run_check("chat-template", [ChatTemplate(text="", source="POST /api/show (renderer x)"), CARD])
