"""The tools that P18 offers, what is asked, and what a right call looks like. Nothing is ever executed."""

import json
from collections.abc import Callable
from typing import Any

import msgspec

from doctor.facts import ToolCall


def tool(name: str, description: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """A function in the form of the OpenAI contract."""
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        parameters["required"] = required
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


STRING = {"type": "string"}
WEATHER = tool(
    "get_weather",
    "Get the weather for a city",
    {"city": STRING, "unit": {"type": "string", "enum": ["c", "f"]}},
    ["city"],
)
CURRENCY = tool(
    "convert_currency",
    "Convert an amount between currencies",
    {"amount": {"type": "number"}, "from": STRING, "to": STRING},
    ["amount", "from", "to"],
)
EVENT = tool(
    "create_event",
    "Create a calendar event",
    {
        "title": STRING,
        "date": {"type": "string", "description": "YYYY-MM-DD"},
        "guests": {"type": "array", "items": STRING},
    },
    ["title", "date", "guests"],
)
TIME = tool("get_server_time", "Get the current server time", {}, [])

Arguments = dict[str, Any]
Calls = list[tuple[str, Arguments]]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One question with tools on offer; `right` judges the calls that were made, parsed."""

    id: str
    text: str
    tools: tuple[dict[str, Any], ...]
    right: Callable[[Calls], bool]
    max_tokens: int = 96
    needs_call: bool = True

    @property
    def offered(self) -> tuple[str, ...]:
        """Names of the tools on offer."""
        return tuple(each["function"]["name"] for each in self.tools)


def one_weather(calls: Calls) -> bool:
    """One call for Oslo in celsius."""
    return len(calls) == 1 and "oslo" in str(calls[0][1].get("city", "")).lower() and calls[0][1].get("unit") == "c"


def euros(calls: Calls) -> bool:
    """250 dollars into euros, by code or by name."""
    if len(calls) != 1:
        return False
    found = calls[0][1]
    source, target = str(found.get("from", "")).lower(), str(found.get("to", "")).lower()
    return found.get("amount") == 250 and ("usd" in source or "dollar" in source) and "eur" in target


def two_cities(calls: Calls) -> bool:
    """Both cities, each in a call of its own."""
    cities = [str(found.get("city", "")).lower() for _, found in calls]
    return len(cities) == 2 and any("lima" in city for city in cities) and any("cairo" in city for city in cities)


def standup(calls: Calls) -> bool:
    """The date as asked for and two guests in a list."""
    return len(calls) == 1 and calls[0][1].get("date") == "2031-03-03" and len(calls[0][1].get("guests") or ()) == 2


def no_call(calls: Calls) -> bool:
    """Nothing is called."""
    return not calls


def any_call(calls: Calls) -> bool:
    """One call without arguments."""
    return len(calls) == 1 and not calls[0][1]


SIMPLE = Item(id="T1", text="What is the weather in Oslo, in celsius?", tools=(WEATHER,), right=one_weather)
MULTIPLE = Item(
    id="T2",
    text="How much is 250 US dollars in euros?",
    tools=(WEATHER, CURRENCY, EVENT, TIME),
    right=euros,
)
PARALLEL = Item(id="T3", text="Compare the weather in Lima and Cairo.", tools=(WEATHER,), right=two_cities)
NESTED = Item(
    id="T4", text="Book 'Standup' on 3 March 2031 with Ana and Li.", tools=(EVENT,), right=standup, max_tokens=128
)
GOODBYE = Item(
    id="T5",
    text="Thanks, that is all. Say goodbye.",
    tools=(WEATHER, CURRENCY),
    right=no_call,
    max_tokens=32,
    needs_call=False,
)
EMPTY = Item(id="T7", text="What time is it on the server?", tools=(TIME,), right=any_call)

QUICK = (SIMPLE, MULTIPLE, PARALLEL)
DEEP = (*QUICK, NESTED, EMPTY)
# Asked only when a tool was called at the goodbye: two of three decide.
GOODBYES = tuple(
    msgspec.structs.replace(GOODBYE, id=f"T5{letter}", text=text)
    for letter, text in (("b", "Hello."), ("c", "Thank you, goodbye."))
)


def schema_of(item_tools: tuple[dict[str, Any], ...], name: str) -> dict[str, Any] | None:
    """The parameters' schema of an offered tool, None for a name that was not offered."""
    for each in item_tools:
        if each["function"]["name"] == name:
            parameters: dict[str, Any] = each["function"]["parameters"]
            return parameters
    return None


def parsed(call: ToolCall) -> Arguments | None:
    """The call's arguments as an object; None when they are no JSON object. No arguments at all are none given."""
    if not call.arguments.strip():
        return {}
    try:
        found = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


def violations(value: object, schema: dict[str, Any], where: str = "") -> list[str]:
    """What in the value breaks the schema, in words. Knows the keywords that the items use, and no others."""
    here = where or "arguments"
    kind = schema.get("type")
    if kind in TYPES and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{here} is {type(value).__name__}, not {kind}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{here} is {str(value)[:40]!r}, not one of {', '.join(map(str, schema['enum']))}")
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{here} is {value}, out of range")
    if isinstance(value, list) and "items" in schema:
        found += [v for i, each in enumerate(value) for v in violations(each, schema["items"], f"{here}[{i}]")]
    if isinstance(value, dict):
        found += object_violations(value, schema, where)
    return found


def object_violations(value: dict[str, Any], schema: dict[str, Any], where: str) -> list[str]:
    """Missing, surplus and wrong properties of an object."""
    properties = schema.get("properties", {})
    prefix = f"{where}." if where else ""
    found = [f"{prefix}{name} is missing" for name in schema.get("required", ()) if name not in value]
    if schema.get("additionalProperties") is False:
        found += [f"{prefix}{name[:40]} is not in the schema" for name in value if name not in properties]
    for name, each in properties.items():
        if name in value:
            found += violations(value[name], each, f"{prefix}{name}")
    return found
