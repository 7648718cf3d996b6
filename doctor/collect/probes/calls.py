"""Tool calls put together from whole messages or the deltas of a stream, with care and as simple clients do it."""

import json
from collections.abc import Iterator
from typing import Any

from doctor.collect.probes.values import MAX_TEXT, clean, count, name_of
from doctor.facts import ToolCall

MAX_CALLS = 64


class Calls:
    """Every call apart: a new id starts a new call even where the index repeats, and an index is kept as it came."""

    def __init__(self) -> None:
        self._parts: list[dict[str, Any]] = []

    def add(self, message: dict[str, Any]) -> None:
        """Take in the calls of a message or a delta."""
        for call, function in calls_of(message):
            index = count(call.get("index", function.get("index")))
            part = self._part(index, name_of(call.get("id")), name_of(function.get("name")))
            if part is not None:
                part["name"] = part["name"] or name_of(function.get("name"))
                _take_arguments(part, function.get("arguments"))

    def _part(self, index: int | None, call_id: str, name: str) -> dict[str, Any] | None:
        """The call that a delta belongs to, a new one when it begins one; None above the cap."""
        same = [p for p in self._parts if index is None or p["index"] == index]
        if same and not _begins(same[-1], call_id, name):
            return same[-1]
        if len(self._parts) >= MAX_CALLS:
            return None
        self._parts.append(_begun(index, call_id, name))
        return self._parts[-1]

    def made(self) -> tuple[ToolCall, ...]:
        """The calls as facts, in the order in which they began."""
        return tuple(map(_made, self._parts))


class CallsByIndex:
    """As most clients do it: whatever has the same index is one call, its names and arguments are joined."""

    def __init__(self) -> None:
        self._parts: dict[int, dict[str, Any]] = {}

    def add(self, delta: dict[str, Any]) -> None:
        """Take in the calls of a delta; without an index the place in the delta counts."""
        for place, (call, function) in enumerate(calls_of(delta)):
            index = count(call.get("index"))
            index = place if index is None else index
            if index not in self._parts and len(self._parts) >= MAX_CALLS:
                continue
            part = self._parts.setdefault(index, _begun(index, name_of(call.get("id")), ""))
            # A server may repeat the whole name in each delta; clients that join names know that.
            name = name_of(function.get("name"))
            part["name"] = name_of(part["name"] + name if name != part["name"] else name)
            _take_arguments(part, function.get("arguments"))

    def made(self) -> tuple[ToolCall, ...]:
        """The calls as facts, by index."""
        return tuple(_made(self._parts[index]) for index in sorted(self._parts))


def calls_of(message: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each entry of `tool_calls` (or the older `function_call`) and its function; other shapes are left out."""
    calls = message.get("tool_calls")
    if isinstance(calls, dict):
        calls = [calls]
    if not isinstance(calls, list):
        old = message.get("function_call")
        calls = [{"function": old}] if isinstance(old, dict) else []
    for call in calls:
        if isinstance(call, dict):
            function = call.get("function")
            yield call, function if isinstance(function, dict) else call


def _begins(part: dict[str, Any], call_id: str, name: str) -> bool:
    """Whether a delta begins another call than this one.

    By its id; without one by its name, which some servers repeat in every piece of one call.
    """
    if call_id:
        return bool(call_id != part["id"])
    return bool(name and part["name"]) and (name != part["name"] or _made(part).value is not None)


def _begun(index: int | None, call_id: str, name: str) -> dict[str, Any]:
    return {"index": index, "id": call_id, "name": name, "text": "", "type": "missing", "pieces": 0}


def _take_arguments(part: dict[str, Any], arguments: object) -> None:
    part["pieces"] += 1
    if isinstance(arguments, str):
        part["type"] = "string" if part["type"] != "object" else "object"
        part["text"] = (part["text"] + arguments)[:MAX_TEXT]
    elif arguments is not None:
        part["type"] = "object"
        part["text"] = json.dumps(arguments, ensure_ascii=False)[:MAX_TEXT]


def _made(part: dict[str, Any]) -> ToolCall:
    return ToolCall(
        name=part["name"],
        arguments=clean(part["text"]),
        arguments_type=part["type"],
        id=part["id"],
        index=part["index"],
        pieces=part["pieces"],
    )
