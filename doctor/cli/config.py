"""`llm-doctor config`: which settings hold, and where each comes from."""

import json
from typing import Any

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, OneOf
from doctor.cli.output import put
from doctor.cli.settings import PROJECT_FILE, SYSTEM_FILE, current, files
from doctor.errors import UsageError
from doctor.nearest import nearest

ACTIONS = ["show", "path"]


@click.command("config", context_settings=CONTEXT)
@click.argument("action", metavar="show|path")
@click.option("--format", "format_name", type=OneOf(["text", "json"]), help="How to print. Default: text.")
def config(action: str, format_name: str | None) -> int:
    """Show the settings with their origins, or the files that are looked for.

    \b
    Examples:
      llm-doctor config show
      LLM_DOCTOR_DEPTH=deep llm-doctor config show
    """  # noqa: D301 - click's mark for lines to be kept as they are
    from doctor.cli.places import config_folder

    if action not in ACTIONS:
        raise UsageError(f"config takes show or path, not {action!r}{nearest(action, ACTIONS)}")
    if action == "path":
        places = [PROJECT_FILE, str(config_folder() / "config.toml"), str(SYSTEM_FILE)]
        found = {str(path) for path in files()}
        return (
            exits.OK
            if put("".join(f"{place}{'' if place in found else '  (not there)'}\n" for place in places))
            else exits.UNKNOWN
        )
    rows = _rows()
    text = json.dumps(rows, indent=2, default=str) + "\n" if format_name == "json" else _text(rows)
    return exits.OK if put(text) else exits.UNKNOWN


def _rows() -> list[dict[str, Any]]:
    from doctor.redact import Level, Redactor

    now = current()
    if now is None:
        return []
    redactor = Redactor(level=Level.SECRETS)
    rows = []
    for name, origin in now.origins.items():
        value: Any = now.settings
        for part in name.split(".", 2 if name.startswith("thresholds.") else 1):
            if name.startswith("suppress."):
                value = next(one for one in now.settings.suppress if one.id == name.partition(".")[2])
                break
            value = value[part] if isinstance(value, dict) else getattr(value, part)
        rows.append({"name": name, "value": redactor.text(_said(value)), "origin": origin})
    return rows


def _said(value: Any) -> str:  # noqa: ANN401 - a setting
    import msgspec

    if isinstance(value, msgspec.Struct):
        return ", ".join(f"{field} {item}" for field, item in msgspec.to_builtins(value).items() if item)
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _text(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "Nothing is set: no file was found, and no LLM_DOCTOR_ variable.\n"
    wide = max(len(row["name"]) for row in rows)
    return "".join(f"{row['name']:<{wide}}  {row['value']}  ({row['origin']})\n" for row in rows)
