"""The numbers of a target that are worth a curve: what monitoring keeps and what two reports are compared by."""

from typing import Any, NamedTuple

from doctor.model import TargetReport


class Figure(NamedTuple):
    """One number. `unit` is a base unit ("s", "bytes", "tok/s", "1" for shares and counts)."""

    name: str
    value: float
    unit: str
    help: str
    more_is_better: bool | None = None


# name -> where it stands among the facts, unit, what it is, and whether more of it is better
PLACES: dict[str, tuple[tuple[str, ...], str, str, bool | None]] = {
    "decode_rate": (("DecodeSpeed", "tok_s"), "tok/s", "Tokens written per second", True),
    "prompt_rate": (("CacheReuse", "cold", "prompt_tok_s"), "tok/s", "Prompt tokens read per second", True),
    "first_token": (("Echo", "exchange", "first_token_s"), "s", "Seconds until the first token of an answer", False),
    "load": (("WarmUp", "first", "load_s"), "s", "Seconds that loading the model took", False),
    "context_window": (("Window", "per_request"), "1", "Tokens that one request may use", True),
    "slots": (("Slots", "total"), "1", "Requests that the server can work on at once", None),
    "slots_busy": (("Slots", "busy"), "1", "Requests that the server is working on", None),
    "prompt_reuse": (("CacheReuse", "reuse"), "1", "Share of a repeated prompt that was not computed again", True),
    "model_weights": (("Footprint", "weights_bytes"), "bytes", "Memory of the model's weights", None),
    "kv_cache": (("Footprint", "kv_bytes"), "bytes", "Memory of the cache", None),
    "process_memory": (("ServerProcess", "rss_bytes"), "bytes", "Memory of the server's process", None),
}


def figures(target: TargetReport) -> list[Figure]:
    """Those that the run measured, in a fixed order."""
    found = []
    for name, (path, unit, help_, better) in PLACES.items():
        value = _at(target.facts, path)
        if value is not None:
            found.append(Figure(name, value, unit, help_, better))
    share = _gpu_share(target.facts)
    if share is not None:
        found.append(Figure("gpu_share", share, "1", "Share of the model in GPU memory", True))
    return found


def _at(facts: dict[str, Any], path: tuple[str, ...]) -> float | None:
    value: Any = facts
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return (
        float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300 else None
    )


def _gpu_share(facts: dict[str, Any]) -> float | None:
    loaded = facts.get("LoadedModels")
    models = loaded.get("models") if isinstance(loaded, dict) else None
    for model in models if isinstance(models, list) else ():
        size, vram = (model.get("size_bytes"), model.get("vram_bytes")) if isinstance(model, dict) else (None, None)
        if isinstance(size, (int, float)) and isinstance(vram, (int, float)) and size > 0:
            return max(0.0, min(1.0, vram / size))
    return None
