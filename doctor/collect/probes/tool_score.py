"""Scoring of tool calls: as parsed values against what an item expects, and against the tool's own schema."""

from typing import Any

from doctor.collect.probes.tool_items import Accepts, Expected, Item, Schema
from doctor.facts import Exchange, ToolCall

Arguments = dict[str, Any]


def parsed(call: ToolCall) -> Arguments | None:
    """The call's arguments as an object; None when they are no JSON object. No arguments at all are none given."""
    return call.value if call.arguments.strip() else {}


def missed(item: Item, exchange: Exchange) -> str:
    """What in the answer is not as the item expects, in words; "" when all is right. The order of calls is free."""
    calls = list(exchange.tool_calls)
    if not item.expected:
        return f"{calls[0].name[:60]} was called without need" if calls else ""
    if len(calls) != len(item.expected):
        return f"{len(calls)} calls instead of {len(item.expected)}"
    for expected in item.expected:
        errors = [wrong(expected, call) for call in calls]
        if "" not in errors:
            return errors[0]
        del calls[errors.index("")]
    return ""


def wrong(expected: Expected, call: ToolCall) -> str:
    """What in one call is not as expected; "" when nothing is."""
    if call.name != expected.name:
        return f"{call.name[:60]} was called instead of {expected.name}"
    arguments = parsed(call)
    if arguments is None:
        return "the arguments are no JSON object"
    for name, accepts in expected.arguments.items():
        if name not in arguments:
            if not accepts.optional:
                return f"{name} is missing"
        elif not accepted(arguments[name], accepts):
            return f"{name} is {str(arguments[name])[:40]!r}"
    surplus = [name for name in arguments if name not in expected.arguments]
    return f"{surplus[0][:40]} was not asked for" if surplus else ""


def accepted(value: object, accepts: Accepts) -> bool:
    """Whether an argument is one of the accepted values."""
    if isinstance(value, str):
        text = value.strip().casefold()
        if text in accepts.texts or any(word in text for word in accepts.holding):
            return True
    if accepts.members and isinstance(value, list):
        return sorted(map(str, value)) == sorted(accepts.members)
    return any(equal(value, each) for each in accepts.values)


def equal(one: object, other: object) -> bool:
    """Equal as JSON has it: numbers by value, and neither a boolean nor a text is a number."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def schema_of(item: Item, name: str) -> Schema | None:
    """The parameters' schema of an offered tool, None for a name that was not offered."""
    for each in item.tools:
        if each["function"]["name"] == name:
            parameters: Schema = each["function"]["parameters"]
            return parameters
    return None


def schema_errors(item: Item, exchange: Exchange) -> tuple[str, ...]:
    """What in the calls breaks the schemas of their tools, in words; unknown names and broken JSON are left out."""
    errors: list[str] = []
    for call in exchange.tool_calls:
        arguments, schema = parsed(call), schema_of(item, call.name)
        if arguments is not None and schema is not None:
            errors += violations(arguments, schema)
    return tuple(errors)


TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


def violations(value: object, schema: Schema, where: str = "") -> list[str]:
    """What in the value breaks the schema, in words. Knows the keywords that the items use, and no others."""
    here = where or "arguments"
    kind = schema.get("type")
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON Schema knows no difference between 3 and 3.0
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


def object_violations(value: dict[str, Any], schema: Schema, where: str) -> list[str]:
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
