"""The reader of calls that were written into a text, on written texts and a recorded one."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.collect.probes.call_text import call_in_text, marked_call

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference"
JSON_CALL = '{"name": "get_weather", "arguments": {"city": "Oslo"}}'


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"<tool_call>\n{JSON_CALL}\n</tool_call>", "get_weather"),
        (f"Let me look.\n<tool_call>{JSON_CALL}", "get_weather"),
        ("<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>", "get_weather"),
        (f"[TOOL_CALLS][{JSON_CALL}]", "get_weather"),
        ('[TOOL_CALLS]get_weather[ARGS]{"city": "Oslo"}', "get_weather"),
        ('<|python_tag|>{"name": "get_weather", "parameters": {"city": "Oslo"}}', "get_weather"),
        ('<|python_tag|>get_weather(city="Oslo")', "get_weather"),
        (f"[TOOL_REQUEST]{JSON_CALL}[END_TOOL_REQUEST]", "get_weather"),
        ('<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city":"Oslo"}', "get_weather"),
        ('<invoke name="get_weather"><parameter name="city">Oslo</parameter></invoke>', "get_weather"),
        (f"```json\n{JSON_CALL}\n```", "get_weather"),
        (f"I will call it:\n```json\n{JSON_CALL}\n```\nDone.", "get_weather"),
        (JSON_CALL, "get_weather"),
        ('{"name": "get_weather", "parameters": {}}', "get_weather"),
        ('{"tool": "search", "arguments": "{}"}', "search"),
        ('{"type": "function", "function": {"name": "get_weather", "arguments": {}}}', "get_weather"),
        ('functions.get_weather({"city": "Oslo"})', "get_weather"),
        ('[get_weather(city="Oslo", unit="c")]', "get_weather"),
    ],
)
def test_a_call_in_the_text_is_seen_with_its_name(text: str, name: str) -> None:
    assert call_in_text(text, ["get_weather"]).name == name


@pytest.mark.parametrize(
    "text",
    [
        "I would call get_weather with the city Oslo.",
        "To find out, use the get_weather tool (city: Oslo).",
        "You can call get_weather(city) to see the weather, and then decide.",
        '{"city": "Oslo", "unit": "c"}',
        '{"name": "Oslo", "country": "Norway"}',
        '```json\n{"weather": "sunny"}\n```',
        "```python\nprint('hello')\n```",
        "print('hello')",
        '<tool_call>\n{"name": "get_weather", "argum',
        "<tool_call> is the marker that this model uses.",
        "Goodbye!",
        "",
        "[1, 2, 3]",
        "[]",
    ],
)
def test_prose_other_json_and_cut_off_calls_are_no_calls(text: str) -> None:
    assert call_in_text(text, ["get_weather"]) is None


@given(st.text(max_size=300), st.sampled_from(["<tool_call>", "[TOOL_CALLS]", "<|python_tag|>", "```json\n", "", "{"]))
def test_no_text_breaks_the_reader(text: str, start: str) -> None:
    found = call_in_text(start + text, ["get_weather"])

    assert found is None or isinstance(found.name, str)


def test_a_deeply_nested_text_is_no_call() -> None:
    assert call_in_text("<tool_call>" + "[" * 15_000) is None


def test_only_markers_count_inside_the_thinking() -> None:
    assert marked_call(f"I should answer with {JSON_CALL}") is None
    assert marked_call(f"<tool_call>{JSON_CALL}</tool_call>").name == "get_weather"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the recorded answers are not here")
def test_a_recorded_call_of_transformers_serve_is_seen_as_text() -> None:
    """Recorded on transformers serve, which parses no calls."""
    body = json.loads((REFERENCE / "captures/transformers-serve/chat_tools.json").read_text())["response"]

    found = call_in_text(body["choices"][0]["message"]["content"], ["get_weather"])

    assert found.name == "get_weather"
