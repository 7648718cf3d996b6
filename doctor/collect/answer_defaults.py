"""What a request gets that sends no settings: from the live server, the model's parameters and the command line.

A later source replaces an earlier one: an option of the server is what was meant, even where the server does not show
it (llama.cpp does not show its output limit).
"""

import contextlib
import json
import re

from doctor.context import Context
from doctor.errors import DoctorError, Skip
from doctor.facts import AnswerDefaults, Identity, ModelCard, ServerProcess
from doctor.runtimes import llama_cpp

# Ollama's name -> options of llama-server and of mlx_lm.server.
OPTIONS = {
    "temperature": ("--temp", "--temperature"),
    "repeat_penalty": ("--repeat-penalty",),
    "presence_penalty": ("--presence-penalty",),
    "dry_multiplier": ("--dry-multiplier",),
    "num_predict": ("-n", "--predict", "--n-predict", "--max-tokens"),
}
LIVE_NAMES = {"n_predict": "num_predict"}  # llama.cpp's name in /props -> ours
TELLS_ALL = ("ollama",)  # what a model's card does not name there is not set
MLX_LIMIT = 512.0  # tokens; default of mlx_lm.server, read at 0.32
Found = dict[str, tuple[float, str]]


async def collect_answer_defaults(context: Context) -> AnswerDefaults:
    """All settings that are known. Raises Skip when none is."""
    found: Found = {}
    for source in (live, parameters, options):
        with contextlib.suppress(Skip, DoctorError):
            found |= await source(context)
    stops: tuple[str, ...] = ()
    told = False
    with contextlib.suppress(Skip, DoctorError):
        stops = stop_texts((await context.fact(ModelCard)).parameters_text)
        told = (await context.fact(Identity)).runtime in TELLS_ALL
    if not (found or stops or told):
        raise Skip("neither the server, the model nor the command line names settings for answers")
    return AnswerDefaults(
        values={name: value for name, (value, _) in found.items()},
        sources={name: source for name, (_, source) in found.items()},
        stops=stops,
    )


async def live(context: Context) -> Found:
    """What llama.cpp says of itself."""
    if (await context.fact(Identity)).runtime != "llama.cpp":
        return {}
    told = await llama_cpp.answer_settings(context)
    return {LIVE_NAMES.get(name, name): (value, f"GET {llama_cpp.PROPS}") for name, value in told.items()}


async def parameters(context: Context) -> Found:
    """Parameters of an Ollama model."""
    text = (await context.fact(ModelCard)).parameters_text
    lines = re.finditer(r"^(\w+)[ \t]+(-?\d+(?:\.\d+)?)[ \t]*$", text, re.MULTILINE)
    return {line[1]: (float(line[2]), "model parameters") for line in lines}


def stop_texts(parameters_text: str) -> tuple[str, ...]:
    """Texts that end an answer, from an Ollama model's parameters, where they stand in quotation marks."""
    lines = re.finditer(r'^stop[ \t]+"(.*)"[ \t]*$', parameters_text, re.MULTILINE)
    return tuple(unescaped(line[1]) for line in lines)


def unescaped(text: str) -> str:
    """The text of a Go string literal; as it stands where it is none."""
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text


async def options(context: Context) -> Found:
    """Options on the server's command line; one that is no number is left out."""
    process = await context.fact(ServerProcess)
    found: Found = {}
    for name, spellings in OPTIONS.items():
        with contextlib.suppress(ValueError):
            if text := process.option(*spellings):
                found[name] = (float(text), f"command line of process {process.pid}")
    if (await context.fact(Identity)).runtime == "mlx-lm" and "num_predict" not in found:
        found["num_predict"] = (MLX_LIMIT, "default of mlx_lm.server")
    return found
