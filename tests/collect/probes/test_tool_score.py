"""Scoring of tool calls: parsed values against what the items expect, and against schemas. On given calls."""

import json

import pytest

from doctor.collect.probes.many_tools import FEWER, MANY, length
from doctor.collect.probes.schema import SCHEMA
from doctor.collect.probes.tool_items import (
    CURRENCY,
    DEEP,
    EMPTY,
    EVENT,
    GOODBYE,
    LOOK_ALIKE,
    MULTIPLE,
    NESTED,
    PARALLEL,
    SIMPLE,
    UNFINISHED,
    WEATHER,
    Item,
)
from doctor.collect.probes.tool_score import missed, parsed, schema_errors, violations
from doctor.facts import Exchange, ToolCall


def made(*calls: tuple[str, object]) -> Exchange:
    """An answer with these calls; arguments that are no text are written as JSON."""
    return Exchange(
        purpose="t",
        status=200,
        tool_calls=tuple(
            ToolCall(name=name, arguments=given if isinstance(given, str) else json.dumps(given))
            for name, given in calls
        ),
    )


def weather(city: str, **more: object) -> tuple[str, object]:
    return "get_weather", {"city": city, **more}


def money(amount: object, source: str, target: str) -> tuple[str, object]:
    return "convert_currency", {"amount": amount, "from": source, "to": target}


def event(title: object = "Standup", date: object = "2031-03-03", guests: object = ("Ana", "Li")) -> tuple[str, object]:
    return "create_event", {"title": title, "date": date, "guests": guests}


@pytest.mark.parametrize(
    ("item", "calls"),
    [
        (SIMPLE, [weather("Oslo", unit="c")]),
        (SIMPLE, [weather(" oslo, Norway", unit="c")]),
        (MULTIPLE, [money(250, "USD", "EUR")]),
        (MULTIPLE, [money(250.0, "US Dollars", "euro")]),
        (PARALLEL, [weather("Lima"), weather("Cairo")]),
        (PARALLEL, [weather("Cairo, Egypt", unit="f"), weather("LIMA", unit="c")]),
        (NESTED, [event()]),
        (NESTED, [event("'Standup'", guests=["Li", "Ana"])]),
        (GOODBYE, []),
        (UNFINISHED, []),
        (EMPTY, [("get_server_time", {})]),
        (EMPTY, [("get_server_time", "")]),
        (MANY, [weather("Oslo", unit="c")]),
        (LOOK_ALIKE, [money(250, "usd", "eur")]),
    ],
)
def test_what_was_asked_for_is_right(item: Item, calls: list) -> None:
    assert missed(item, made(*calls)) == ""


@pytest.mark.parametrize(
    ("item", "calls", "says"),
    [
        (SIMPLE, [weather("Oslo")], "unit is missing"),
        (SIMPLE, [weather("Oslo", unit="f")], "unit is 'f'"),
        (SIMPLE, [weather("Bergen", unit="c")], "city is 'Bergen'"),
        (SIMPLE, [weather("Oslo", unit="c", day="today")], "day was not asked for"),
        (SIMPLE, [], "0 calls instead of 1"),
        (SIMPLE, [weather("Oslo", unit="c")] * 2, "2 calls instead of 1"),
        (SIMPLE, [("get_weather", '{"city"')], "the arguments are no JSON object"),
        (SIMPLE, [("get_weather", "")], "city is missing"),
        (MULTIPLE, [money("250", "USD", "EUR")], "amount is '250'"),
        (MULTIPLE, [money(True, "USD", "EUR")], "amount is 'True'"),
        (MULTIPLE, [money(25, "USD", "EUR")], "amount is '25'"),
        (MULTIPLE, [money(250, "EUR", "USD")], "from is 'EUR'"),
        (MULTIPLE, [money(250, "Australian dollars", "EUR")], "from is 'Australian dollars'"),
        (MULTIPLE, [weather("Oslo")], "get_weather was called instead of convert_currency"),
        (PARALLEL, [weather("Lima")], "1 calls instead of 2"),
        (PARALLEL, [weather("Lima"), weather("Lima")], "city is 'Lima'"),
        (PARALLEL, [weather("Lima and Cairo"), weather("Oslo")], "city is 'Oslo'"),
        (NESTED, [event(date="3 March 2031")], "date is '3 March 2031'"),
        (NESTED, [event(guests=["Ana"])], "guests is"),
        (NESTED, [event(guests="Ana, Li")], "guests is"),
        (NESTED, [event(guests=["Ana", "Li", "Me"])], "guests is"),
        (GOODBYE, [weather("Oslo")], "get_weather was called without need"),
        (UNFINISHED, [money(40, "EUR", "USD")], "convert_currency was called without need"),
        (EMPTY, [("get_server_time", {"zone": "UTC"})], "zone was not asked for"),
        (LOOK_ALIKE, [("currency_history", {"code": "USD"})], "currency_history was called instead"),
    ],
)
def test_what_was_not_asked_for_is_said(item: Item, calls: list, says: str) -> None:
    assert says in missed(item, made(*calls))


def test_every_item_has_two_other_wordings_and_offers_what_it_expects() -> None:
    for item in (*DEEP, MANY):
        assert len(item.paraphrases) == 2
        assert len({item.text, *item.paraphrases}) == 3
        assert {each.name for each in item.expected} <= set(item.offered)
        assert len(set(item.offered)) == len(item.offered)


def test_the_agents_tools_are_twenty_and_the_needed_one_stands_first() -> None:
    assert len(MANY.tools) == 20
    assert len(FEWER.tools) == 15
    assert MANY.offered[0] == "get_weather"
    assert length(FEWER) < 0.8 * length(MANY)


@pytest.mark.parametrize(
    ("value", "tool", "says"),
    [
        ({"city": "Oslo", "unit": "c"}, WEATHER, []),
        ({"city": "Oslo", "unit": "celsius"}, WEATHER, ["unit is 'celsius', not one of c, f"]),
        ({"unit": "c"}, WEATHER, ["city is missing"]),
        ({"city": 7}, WEATHER, ["city is int, not string"]),
        ({"amount": "250", "from": "USD", "to": "EUR"}, CURRENCY, ["amount is str, not number"]),
        ({"amount": True, "from": "USD", "to": "EUR"}, CURRENCY, ["amount is bool, not number"]),
        ({"title": "a", "date": "b", "guests": "Ana"}, EVENT, ["guests is str, not array"]),
        ({"title": "a", "date": "b", "guests": ["Ana", 3]}, EVENT, ["guests[1] is int, not string"]),
    ],
)
def test_what_breaks_a_schema_is_said_in_words(value: dict, tool: dict, says: list[str]) -> None:
    assert violations(value, tool["function"]["parameters"]) == says


@pytest.mark.parametrize(
    ("value", "broken"),
    [
        ({"status": "red", "count": 3}, False),
        ({"status": "red", "count": 3.0}, False),
        ({"status": "red", "count": 3.5}, True),
        ({"status": "red", "count": 10}, True),
        ({"status": "red", "count": 9}, False),
        ({"status": "red", "count": -1}, True),
        ({"status": "red", "count": 0}, False),
        ({"status": "red", "count": 3, "more": 1}, True),
        ({"status": "blue", "count": 3}, True),
        ("red", True),
    ],
)
def test_the_demanded_schema_is_checked_whole(value: object, broken: bool) -> None:
    assert bool(violations(value, SCHEMA)) is broken


def test_schema_errors_leave_out_unknown_names_and_broken_json() -> None:
    answer = made(("nope", {"city": 7}), ("get_weather", "{"), ("get_weather", {"unit": "k"}))

    assert schema_errors(SIMPLE, answer) == ("city is missing", "unit is 'k', not one of c, f")


@pytest.mark.parametrize(
    ("arguments", "value"),
    [("{}", {}), ("", {}), ('{"a": 1}', {"a": 1}), ("[1]", None), ("{", None), ("[" * 9000, None), ("null", None)],
)
def test_arguments_are_an_object_or_nothing(arguments: str, value: dict | None) -> None:
    assert parsed(ToolCall(name="x", arguments=arguments)) == value
