"""A fixed conversation as a server renders it, and how its role markers fall into tokens. Nothing is generated.

Each message holds a word that occurs nowhere else, so that the rendering shows which messages arrived.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from doctor.errors import Malformed, Refused
from doctor.facts import Rendered
from doctor.text import one_line

SYSTEM, FIRST, REPLY, SECOND, TOOL = "kestrelrule", "walnutone", "cobaltreply", "saffrontwo", "lookup_harbour"
CONVERSATION: list[dict[str, Any]] = [
    {"role": "system", "content": SYSTEM},
    {"role": "user", "content": FIRST},
    {"role": "assistant", "content": REPLY},
    {"role": "user", "content": SECOND},
]
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": TOOL,
            "description": "Depth of the water in a harbour.",
            "parameters": {"type": "object", "properties": {"port": {"type": "string"}}, "required": ["port"]},
        },
    }
]
# Role markers as families write them: <|im_start|>, <｜User｜>, </s>, <start_of_turn>, <turn|>, [INST], <<SYS>>.
MARKER = re.compile(
    r"<\|[^<>|\s]{1,60}\|>|<｜[^<>｜]{1,60}｜>|</?s>|<(?:start|end)_of_\w{2,20}>|<\|?turn\|?>"
    r"|\[/?[A-Z_]{3,24}\]|<</?SYS>>"
)
# What may close a turn right after the answer's text.
CLOSING = re.compile(r"\s*(<[^<>\s]{1,60}>|\[/?[A-Z_]{3,24}\])")
# Tokens that only a model trained to call tools has: Hermes and Qwen, Mistral, Llama 3.1, DeepSeek, Granite.
TOOL_MARKERS = ("<tool_call>", "[TOOL_CALLS]", "<|python_tag|>", "<｜tool▁calls▁begin｜>", "<|tool_call|>")
# What opens a turn: ChatML, Llama 3, Gemma, Mistral.
TURN_MARKERS = ("<|im_start|>", "<|start_header_id|>", "<start_of_turn>", "[INST]")
MAX_PROMPT = 20_000
MAX_ANCHORS = 4
NEIGHBOURS = 8  # special tokens of a family lie side by side in its vocabulary


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a server offers for looking at its prompts. Each raises Refused or Malformed.

    `prompt(messages, tools, generation)` renders, `tokens(text, special)` gives (id, text) of each token,
    `text(ids)` joins tokens; None where the server has no such route.
    """

    prompt: Callable[[list[dict[str, Any]], list[dict[str, Any]] | None, bool], Awaitable[str]]
    tokens: Callable[[str, bool], Awaitable[list[tuple[int, str]]]]
    text: Callable[[Sequence[int]], Awaitable[str]] | None = None
    source: str = ""


async def render(endpoint: Endpoint, *, bos: str | None = None) -> Rendered:
    """Render the conversation in five ways and look at its markers. Raises Unreachable or TooLate."""
    user = CONVERSATION[1:2]
    shapes: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]] | None, bool]] = {
        "chat": (CONVERSATION, None, True),
        "user_only": (user, None, True),
        "without_generation_prompt": (CONVERSATION, None, False),
        "with_tools": (user, TOOLS, True),
        "two_users": ([*user, CONVERSATION[3]], None, True),
    }
    # One after the other: llama.cpp has few HTTP threads, and each open connection holds one for five seconds.
    outcomes = {field: await _rendered(endpoint, *shape) for field, shape in shapes.items()}
    texts = {field: text for field, (text, _) in outcomes.items()}
    rendered = Rendered(
        chat=texts["chat"],
        user_only=texts["user_only"],
        without_generation_prompt=texts["without_generation_prompt"],
        with_tools=texts["with_tools"],
        two_users=texts["two_users"],
        system_word=SYSTEM,
        user_words=(FIRST, SECOND),
        assistant_word=REPLY,
        tool_word=TOOL,
        refusals={field: why for field, (_, why) in outcomes.items() if why},
        end_marker=end_marker(texts["chat"] or ""),
        source=endpoint.source,
    )
    return await _with_tokens(endpoint, rendered, texts["chat"] or texts["user_only"] or "", bos)


async def _rendered(
    endpoint: Endpoint, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, generation: bool
) -> tuple[str | None, str]:
    """The prompt, or None and why it was refused."""
    try:
        return (await endpoint.prompt(messages, tools, generation))[:MAX_PROMPT], ""
    except Refused as error:
        return None, one_line(error.body or str(error), 500)
    except Malformed as error:
        return None, str(error)


def end_marker(chat: str) -> str:
    """The marker that closes the assistant's turn; empty when only the next turn's header ends it (GLM)."""
    after = chat.partition(REPLY)[2].partition(SECOND)[0]
    closing = CLOSING.match(after)
    # A marker right before the next message opens that message instead of closing this one.
    return closing[1] if closing and after[closing.end() :].strip() else ""


async def _with_tokens(endpoint: Endpoint, rendered: Rendered, prompt: str, bos: str | None) -> Rendered:
    """The same with what the tokenizer makes of the markers; unchanged when the server cannot tokenise."""
    try:
        tokens = await endpoint.tokens(prompt, True)
        known = await endpoint.tokens(" ".join((*TOOL_MARKERS, *TURN_MARKERS)), False)
        spans = {marker: _span(marker, tokens) for marker in dict.fromkeys(MARKER.findall(prompt))}
        split = [marker for marker, pieces in spans.items() if pieces > 1]
        shadowed = await _shadowed(endpoint, split, tokens)
    except (Refused, Malformed):
        return rendered
    pieces = {text for _, text in known}
    return msgspec.structs.replace(
        rendered,
        marker_tokens={marker: count for marker, count in spans.items() if count},
        leading_bos=_leading(bos, tokens),
        end_marker_id=next((id_ for id_, text in tokens if text == rendered.end_marker), None),
        shadowed_markers=shadowed,
        tool_markers=tuple(marker for marker in TOOL_MARKERS if marker in pieces),
        turn_markers=tuple(marker for marker in TURN_MARKERS if marker in pieces),
    )


def _span(marker: str, tokens: Sequence[tuple[int, str]]) -> int:
    """How many tokens the first occurrence of a marker touches; 0 when the tokens do not spell it."""
    start = "".join(text for _, text in tokens).find(marker)
    at = touched = 0
    for _, text in tokens:
        if start >= 0 and at < start + len(marker) and at + len(text) > start:
            touched += 1
        at += len(text)
    return touched


def _leading(bos: str | None, tokens: Sequence[tuple[int, str]]) -> int | None:
    if not bos:
        return None
    found = (index for index, (_, text) in enumerate(tokens) if text != bos)
    return next(found, len(tokens))


async def _shadowed(endpoint: Endpoint, split: Sequence[str], tokens: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    """Split markers that are the exact text of a token beside those that do work as markers."""
    if not split or endpoint.text is None:
        return ()
    anchors = [id_ for id_, text in tokens if MARKER.fullmatch(text)][:MAX_ANCHORS]
    near = sorted({max(0, id_ + step) for id_ in anchors for step in range(-NEIGHBOURS, NEIGHBOURS + 1)})
    texts = [await _text(endpoint.text, id_) for id_ in near]
    return tuple(marker for marker in split if marker in texts)


async def _text(text: Callable[[Sequence[int]], Awaitable[str]], id_: int) -> str:
    try:
        return await text([id_])
    except (Refused, Malformed):  # beyond the end of the vocabulary
        return ""
