"""Renderings of the fixed conversation: by a real llama.cpp server, and by endpoints written out in the test."""

import asyncio

import pytest

from doctor.collect import target_collectors
from doctor.collect.render import CONVERSATION, TOOLS, Endpoint, end_marker, render
from doctor.context import Context, Target
from doctor.errors import Refused
from doctor.facts import Rendered
from doctor.http import Client
from doctor.model import Depth
from doctor.ward.engine import serving
from doctor.ward.variants import prepared

FAMILIES = {
    "chatml": ("<|im_start|>{role}\n{text}<|im_end|>\n", "<|im_end|>"),
    "llama 3": ("<|start_header_id|>{role}<|end_header_id|>\n\n{text}<|eot_id|>", "<|eot_id|>"),
    "gemma": ("<start_of_turn>{role}\n{text}<end_of_turn>\n", "<end_of_turn>"),
    "phi": ("<|{role}|>\n{text}<|end|>\n", "<|end|>"),
    "deepseek": ("<｜{role}｜>{text}<｜end▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    "vicuna": ("{role}: {text}</s>", "</s>"),
    "glm, whose next header ends a turn": ("<|{role}|>\n{text}", ""),
    "plain words": ("### {role}\n{text}\n\n", ""),
}


async def rendered_by(url):
    async with Client(url) as client:
        context = Context(Target(url=url), Depth.PASSIVE, target_collectors(), http=client)
        found = await context.fact(Rendered)
        await context.close()
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_the_end_of_a_turn_is_found_in_each_family_s_form(family):
    form, marker = FAMILIES[family]
    chat = "".join(form.format(role=message["role"], text=message["content"]) for message in CONVERSATION)

    assert end_marker(chat) == marker


async def test_a_healthy_server_renders_everything(engine):
    found = await rendered_by(engine)

    assert found.refusals == {}
    assert all(word in found.chat for word in (found.system_word, *found.user_words, found.assistant_word))
    assert found.tool_word in found.with_tools
    assert found.chat != found.without_generation_prompt
    assert found.marker_tokens == {"<|im_start|>": 1, "<|im_end|>": 1}
    assert (found.end_marker, found.leading_bos, found.tool_markers) == ("<|im_end|>", 0, ("<tool_call>",))


@pytest.mark.ward
def test_a_marker_that_the_vocabulary_has_as_ordinary_text_is_told_apart():
    """Real engine: the type of the marker's token is changed in the file."""
    with prepared("markers_normal") as path, serving(path) as running:
        found = asyncio.run(rendered_by(running.url))

    assert found.marker_tokens["<|im_start|>"] > 1
    assert found.shadowed_markers == ("<|im_start|>",)


@pytest.mark.ward
def test_a_refusal_keeps_the_template_s_words():
    """Real engine: a template that insists on alternating roles."""
    with prepared("template_alternate") as path, serving(path) as running:
        found = asyncio.run(rendered_by(running.url))

    assert found.two_users is None
    assert "must alternate" in found.refusals["two_users"]
    assert found.user_only is not None


async def test_without_tokens_the_renderings_remain():
    async def prompt(messages, tools, generation):
        return " ".join(message["content"] for message in messages) + (" tools" if tools else "") + " A:" * generation

    async def tokens(_text, _special):
        raise Refused("no such route", 404)

    found = await render(Endpoint(prompt=prompt, tokens=tokens))

    assert found.chat == "kestrelrule walnutone cobaltreply saffrontwo A:"
    assert found.with_tools == "walnutone tools A:"
    assert found.marker_tokens == {}
    assert found.leading_bos is None


def test_the_conversation_s_words_are_unlike_each_other():
    words = [message["content"] for message in CONVERSATION] + [TOOLS[0]["function"]["name"]]

    assert all(a not in b for a in words for b in words if a != b)
