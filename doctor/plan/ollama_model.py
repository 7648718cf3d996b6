"""A copy of an Ollama model with other settings: the request that makes it, and the one that takes it away.

`/api/create` takes `from`, `parameters`, `template` and `system` since v0.5.5; before it took a Modelfile's text.
"""

import json
from collections.abc import Mapping
from typing import Any

from doctor.model import Step
from doctor.plan.versions import fits

FIELDS_SINCE = ">=0.5.5"


def copied(wanted: Mapping[str, Any], model: str, version: str) -> Step:
    """The step that makes the copy. `wanted`: suffix, parameters, template, system."""
    name = f"{model}-{wanted['suffix']}"
    settings = {key: value for key, value in wanted.items() if key not in ("suffix", "model")}
    if "parameters" in settings:
        settings["parameters"] = {key: number(value) for key, value in settings["parameters"].items()}
    if fits(FIELDS_SINCE, version):
        body = {"model": name, "from": model, **settings, "stream": False}
        gone = {"model": name}
    else:
        body = {"name": name, "modelfile": modelfile(model, settings), "stream": False}
        gone = {"name": name}
    return Step(
        kind="request",
        request={"method": "POST", "path": "/api/create", "body": body},
        undo=f"ollama rm {name}",
        undo_request={"method": "DELETE", "path": "/api/delete", "body": gone},
        model=name,
        automatic=True,
    )


def modelfile(model: str, settings: Mapping[str, Any]) -> str:
    """The same as a Modelfile."""
    lines = [f"FROM {model}"]
    for key, value in settings.get("parameters", {}).items():
        lines += [f"PARAMETER {key} {json.dumps(each)}" for each in (value if isinstance(value, list) else [value])]
    for key in ("template", "system"):
        if key in settings:
            lines.append(f'{key.upper()} """{settings[key]}"""')
    return "\n".join(lines) + "\n"


def number(value: Any) -> Any:  # noqa: ANN401 - a value of TOML
    """A filled blank as the number that it is: Ollama refuses `"32768"` for a whole number."""
    if not isinstance(value, str):
        return value
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        return value
