"""The parsers of tool calls and thoughts that vLLM and SGLang must be told, by the model's name."""

import functools
import re
import tomllib
from importlib import resources


def parsers(model: str) -> dict[str, str]:
    """`tool_parser` and `reasoning_parser` of the model's family, as far as they are known."""
    for family in _families():
        if re.search(family["name"], model, re.IGNORECASE):
            known = {"tool_parser": family.get("tool", ""), "reasoning_parser": family.get("reasoning", "")}
            return {key: value for key, value in known.items() if value}
    return {}


@functools.cache
def _families() -> list[dict[str, str]]:
    text = resources.files("doctor.plan").joinpath("parsers.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["family"])
