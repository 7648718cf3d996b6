"""The published JSON Schema."""

import jsonschema

from doctor.report.schema import PUBLISHED, schema, text


def test_the_published_schema_is_the_one_of_the_code():
    assert PUBLISHED.read_text(encoding="utf-8") == text(), "run: make schema"


def test_it_is_a_valid_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


def test_every_property_is_promised():
    for name, component in schema()["$defs"].items():
        if component.get("properties"):
            assert component["required"] == list(component["properties"]), name
