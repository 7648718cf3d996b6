"""What can be wrong with tool calls: in the text that is generated, in what the server makes of it, on the wire.

The façades carry these faults out; the engine behind them stays healthy.
"""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from doctor.ward.generation import Wanted

Call = dict[str, Any]  # {"name": ..., "arguments": {...}}
Entry = dict[str, Any]  # an element of `tool_calls` on the OpenAI route
CALL_TEXT = "<tool_call>\n%s\n</tool_call>"
NO_TOOL = "I cannot look that up, but you may ask somebody who can."
WHICH = "Which one do you mean?"
OSLO: Call = {"name": "get_weather", "arguments": {"city": "Oslo"}}


class CallFaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The default is a healthy server and a healthy model."""

    # A model with habits
    never: bool = False  # it answers in words although tools are in the prompt
    always: bool = False  # it calls a tool for every message
    name: str = ""  # the tool that every call names, offered or not
    asks_back: str = ""  # instead of calling this tool it asks a question
    arguments: dict[str, Any] = {}  # put into the arguments of every call
    repeats: bool = False  # after a result it makes the same call again
    silent: bool = False  # after a result it says nothing
    # A server that reads or hands over calls in the wrong way
    stay_text: bool = False
    swallowed: bool = False  # cut out of the text and lost
    in_thought: bool = False
    cut: bool = False  # the arguments lose their last character
    prefix: str = ""  # before every name
    other_shape: bool = False  # arguments in the type of the other route
    empty_dropped: bool = False  # an empty object becomes nothing
    without_ids: bool = False
    finish: str = ""  # the finish reason of an answer with calls
    no_parser: bool = False  # tools are refused until a parser is named
    choice_ignored: bool = False
    history_fails: bool = False  # a conversation with a call in it is an internal error
    kept_tools: int = 0  # so many tools reach the prompt
    # The same in streams only
    index_zero: bool = False
    stream_without_arguments: bool = False
    stream_stays_text: bool = False
    in_one_piece: bool = False  # no fault: all calls of a stream in one piece


def prescribed(faults: CallFaults, wanted: Wanted) -> str | None:
    """The text that a habit puts in the place of the engine's; None where there is none."""
    after_result = bool(wanted.messages) and wanted.messages[-1].get("role") == "tool"
    if faults.never and (wanted.tools or wanted.prompt) and not after_result:
        return NO_TOOL
    if faults.name and wanted.tools:
        return as_text([{"name": faults.name, "arguments": {}}])
    if after_result and faults.silent:
        return ""
    return as_text([OSLO]) if after_result and faults.repeats else None


def remade(faults: CallFaults, wanted: Wanted, text: str, calls: list[Call], raw: str) -> tuple[str, str, list[Call]]:
    """Text, thought and calls of an answer as faults leave them; `raw`: the text that the calls were found in."""
    if faults.always and not calls and wanted.tools:
        calls = [OSLO]
        raw = as_text(calls)
    if any(call["name"] == faults.asks_back for call in calls):
        return WHICH, "", []
    if not calls:
        return text, "", []
    if faults.in_thought:
        return "", raw, []
    if faults.swallowed:
        return "", "", []
    spoilt = [
        {"name": faults.prefix + call["name"], "arguments": {**call["arguments"], **faults.arguments}} for call in calls
    ]
    return text, "", spoilt


def refusal(faults: CallFaults, messages: Sequence[dict[str, Any]], tools: object) -> str:
    """Why a request with tools or with calls in its history fails; "" when it does not."""
    if faults.no_parser and tools:
        return '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
    if faults.history_fails and any(message.get("tool_calls") for message in messages):
        return "Can only get item pairs from a mapping."
    return ""


def entries(faults: CallFaults, whole: Sequence[Entry], *, streamed: bool = False) -> list[Entry]:
    """Calls of the OpenAI route, each in one piece, as faults leave them on the wire."""
    return [_entry(faults, one, streamed=streamed) for one in whole]


def _entry(faults: CallFaults, entry: Entry, *, streamed: bool) -> Entry:
    function = dict(entry["function"])
    text: str = function["arguments"]
    if faults.cut:
        function["arguments"] = text[:-1]
    elif faults.empty_dropped and not json.loads(text or "{}"):
        function["arguments"] = ""
    elif faults.other_shape:
        function["arguments"] = json.loads(text or "{}")
    if streamed and faults.stream_without_arguments:
        del function["arguments"]
    entry = {**entry, "function": function}
    if streamed and faults.index_zero:
        entry["index"] = 0
    if faults.without_ids:
        entry.pop("id", None)
    return entry


def native_entries(faults: CallFaults, whole: Sequence[Entry]) -> list[Entry]:
    """Calls of Ollama's own route, where arguments are an object."""
    if not faults.other_shape:
        return list(whole)
    return [
        {**entry, "function": {**entry["function"], "arguments": json.dumps(entry["function"]["arguments"])}}
        for entry in whole
    ]


def as_text(calls: Sequence[Call]) -> str:
    """The calls as the model writes them."""
    return "\n".join(CALL_TEXT % json.dumps(call) for call in calls)
