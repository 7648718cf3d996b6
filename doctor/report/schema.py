"""The JSON Schema of the report, generated from its types: `python -m doctor.report.schema` prints it."""

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from doctor.model import SCHEMA_VERSION, Report

PUBLISHED = Path(__file__).parent.parent / "schema" / f"report-{SCHEMA_VERSION}.json"


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what `--format json` writes.

    Every property is required because every property is always written. Additional properties are allowed: within
    a major version fields are added, never removed.
    """
    (reference,), components = msgspec.json.schema_components([Report], ref_template="#/$defs/{name}")
    for component in components.values():
        if component.get("type") == "object" and "properties" in component:
            component["required"] = list(component["properties"])
            for wanted in component["properties"].values():
                wanted.pop("default", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"llm-doctor report {SCHEMA_VERSION}",
        **reference,
        "$defs": components,
    }


def text() -> str:
    """The schema as it is published in the package."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
