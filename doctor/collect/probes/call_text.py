"""Finding a tool call that was written into the text of an answer instead of being made.

A call is one that a parser could have read: a marker of a known family with a name behind it, or JSON that holds a
name and arguments. Prose that only talks about a call is none, and neither is one that the output limit cut off.
"""

import json
import re
from collections.abc import Iterable

import msgspec

MAX_TEXT = 16_000


class TextCall(msgspec.Struct, frozen=True):
    """The sign that shows the call, and the tool's name in it ("" when there is none to read)."""

    sign: str
    name: str = ""


# Marker -> how the name follows it. Sources: the chat templates of Hermes and Qwen, Qwen-Coder, Mistral, Llama 3.x,
# LM Studio's generic tool prompt, gpt-oss (harmony), DeepSeek, Kimi, Gemma, MiniMax.
NAMED = (
    ("<function=", r"<function=\s*\"?([\w.:-]+)"),
    ("<invoke", r"<invoke\s+name=\"([\w.:-]+)\""),
    ("<function name=", r"<function\s+name=\"([\w.:-]+)\""),
    ("[TOOL_CALLS]", r"\[TOOL_CALLS\]\s*([\w.:-]+)\s*(?:\[ARGS\]|\{)"),
    ("<|python_tag|>", r"<\|python_tag\|>\s*([\w.:-]+)\s*\("),
    ("<|channel|>commentary", r"to=(?:functions\.)?([\w.:-]+)"),
    ("<start_function_call>", r"<start_function_call>\s*call:([\w.:-]+)"),
    ("<|tool_calls_section_begin|>", r"functions\.([\w-]+):\d"),
    ("<｜tool▁call▁begin｜>", r"<｜tool▁sep｜>\s*([\w.:-]+)"),
)
BEFORE_JSON = ("<tool_call>", "[TOOL_CALLS]", "<|python_tag|>", "[TOOL_REQUEST]", "<|tool_call|>", "<tool_calls>")
FENCED = re.compile(r"```(?:json|tool_call|tool_code)?\s*\n?(.*?)```", re.DOTALL)
PYTHON_CALL = re.compile(r"\[?\s*(functions\.)?([A-Za-z_]\w*)\s*\((?:[^()]|\([^()]*\))*\)\s*\]?", re.DOTALL)
ARGUMENT_KEYS = ("arguments", "parameters", "args", "input")
NAME_KEYS = ("name", "tool", "tool_name", "function")


def call_in_text(text: str, offered: Iterable[str] = ()) -> TextCall | None:
    """The tool call written in the text, None when there is none."""
    return marked_call(text) or plain_call(text[:MAX_TEXT].strip(), offered)


def marked_call(text: str) -> TextCall | None:
    """A call behind a marker of one of the known families."""
    text = text[:MAX_TEXT]
    for sign, pattern in NAMED:
        found = re.search(pattern, text) if sign in text else None
        if found:
            return TextCall(sign, found.group(1))
    for sign in BEFORE_JSON:
        _, marker, rest = text.partition(sign)
        name = name_in_json(rest) if marker else None
        if name is not None:
            return TextCall(sign, name)
    return None


def plain_call(text: str, offered: Iterable[str]) -> TextCall | None:
    """A call without any marker: JSON alone or in a fence, or `name(...)` as the whole answer."""
    fenced = [found.group(1) for found in FENCED.finditer(text)]
    for sign, candidate in [("JSON in a code fence", each) for each in fenced] + [("JSON as the answer", text)]:
        name = name_in_json(candidate)
        if name is not None:
            return TextCall(sign, name)
    for candidate in [*fenced, text]:
        found = PYTHON_CALL.fullmatch(candidate.strip())
        # Without a marker only the name tells a call from any other code.
        if found and (found.group(1) or found.group(2) in set(offered)):
            return TextCall("a call written as code", found.group(2))
    return None


def name_in_json(text: str) -> str | None:
    """The tool's name in the JSON that begins the text; None when it is not the JSON of a call."""
    text = text.lstrip()
    if not text.startswith(("{", "[")):
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list):
        value = value[0] if value else None
    return name_in_object(value)


def name_in_object(value: object) -> str | None:
    """The tool's name in an object with a name and arguments, in the spellings of the known families."""
    if not isinstance(value, dict):
        return None
    inner = value.get("function")
    if isinstance(inner, dict):
        return name_in_object(inner)
    name = next((value[key] for key in NAME_KEYS if isinstance(value.get(key), str)), None)
    if name is None or not any(isinstance(value.get(key), dict | str) for key in ARGUMENT_KEYS):
        return None
    return str(name)[:100]
