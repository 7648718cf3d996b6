"""A server's pulse: what it is doing now, by one cheap request that never makes it generate.

llama.cpp: GET /slots (each slot's `n_prompt_tokens` holds prompt and answer so far). Ollama: GET /api/ps. vLLM: GET
/metrics. Any other server: its list of models, which says no more than that it answers.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from doctor.errors import DoctorError
from doctor.http import Client
from doctor.runtimes.metrics import parse
from doctor.runtimes.vllm_pool import CONFIG, RUNNING, USAGE, WAITING, pool_tokens, summed
from doctor.text import one_line
from doctor.vitals import Loaded, Pulse

DEADLINE_S = 3.0
MAX_BYTES = 1 << 20
MAX_MODELS, NAME_CHARACTERS = 20, 120
GENERATED = "vllm:generation_tokens_total"
WANTED = (USAGE, WAITING, RUNNING, CONFIG, GENERATED)
PATHS = {"llama.cpp": "/slots", "ollama": "/api/ps", "vllm": "/metrics"}
MODELS = "/v1/models"


async def feel(client: Client, runtime: str) -> Pulse:
    """The pulse now; a server that does not answer is told as such."""
    now_s = time.monotonic()
    path = PATHS.get(runtime, MODELS)
    try:
        answer = await client.get(path, deadline_s=DEADLINE_S, max_bytes=MAX_BYTES)
        if answer.status >= 500:
            return Pulse(at_s=now_s, answers=False, why_silent=f"GET {path} answered {answer.status}")
        if answer.status >= 400:  # it was told not to say, or wants a key
            return Pulse(at_s=now_s)
        read = READERS.get(runtime)
        body = answer.text() if runtime == "vllm" else answer.json()
        return read(now_s, body) if read else Pulse(at_s=now_s)
    except DoctorError as error:
        return Pulse(at_s=now_s, answers=False, why_silent=one_line(str(error)))


def _slots(now_s: float, rows: Any) -> Pulse:  # noqa: ANN401 - untrusted JSON
    slots = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    busy = [slot for slot in slots if slot.get("is_processing") is True]
    working = [(number(slot.get("n_prompt_tokens")) or 0, number(slot.get("n_ctx"))) for slot in busy or slots]
    fullest = max(working, key=lambda pair: pair[0], default=(None, None))
    decoded = [count for slot in busy if (count := _decoded(slot)) is not None]
    return Pulse(
        at_s=now_s,
        slots=len(slots) or None,
        busy=len(busy),
        generated=sum(decoded) if decoded or not busy else None,
        per_request=True,
        context_used=fullest[0],
        context_size=fullest[1],
    )


def _decoded(slot: Mapping[str, Any]) -> int | None:
    """Tokens of the answer so far: a list with one entry since mid 2025, an object before."""
    said = slot.get("next_token")
    first = said[0] if isinstance(said, list) and said else said
    return number(first.get("n_decoded")) if isinstance(first, dict) else None


def _models(now_s: float, found: Any) -> Pulse:  # noqa: ANN401 - untrusted JSON
    rows = found.get("models") if isinstance(found, dict) else None
    loaded = []
    for row in (rows if isinstance(rows, list) else [])[:MAX_MODELS]:
        if isinstance(row, dict):
            size, vram = number(row.get("size")), number(row.get("size_vram"))
            share = min(1.0, vram / size) if size and vram is not None else None
            loaded.append(Loaded(name=one_line(str(row.get("name", "")), NAME_CHARACTERS), gpu_share=share))
    windows = [number(row.get("context_length")) for row in rows or () if isinstance(row, dict)]
    return Pulse(at_s=now_s, loaded=tuple(loaded), context_size=windows[0] if windows else None)


def _metrics(now_s: float, text: str) -> Pulse:
    found = parse(text, WANTED)
    tokens = pool_tokens(found.get(CONFIG, ()))
    usage = max((sample.value for sample in found.get(USAGE, ())), default=None)
    return Pulse(
        at_s=now_s,
        busy=int(summed(found, RUNNING)),
        waiting=int(summed(found, WAITING)),
        generated=int(summed(found, GENERATED)) if GENERATED in found else None,
        context_used=round(usage * tokens) if usage is not None and tokens else None,
        context_size=tokens or None,
    )


READERS: Mapping[str, Callable[[float, Any], Pulse]] = {"llama.cpp": _slots, "ollama": _models, "vllm": _metrics}


def number(value: object) -> int | None:
    """A count that a server names; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else None
