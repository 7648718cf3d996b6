"""The answer of `llm-doctor fit` as one JSON document; names and units are a contract, additions only."""

import json
from typing import Any

from doctor.sizing.answer import Answer
from doctor.sizing.hardware import GB, Device
from doctor.sizing.levers import Lever
from doctor.sizing.memory import MIB, Need
from doctor.sizing.probed import DeviceNeed, Probed
from doctor.sizing.speed import FASTEST_TOK_S, Speed, prefill_range
from doctor.sizing.split import Split
from doctor.text import one_line


def as_json(answer: Answer, on_processor: Answer | None = None) -> str:
    """The document. `on_processor`: the same model on the processor of a machine without a GPU."""
    document = _document(answer)
    if on_processor:
        document["processor"] = _document(on_processor)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _document(answer: Answer) -> dict[str, Any]:
    return {
        "model": {
            "file": one_line(answer.model, 1000),
            "architecture": one_line(answer.shape.architecture, 80),
            "layers": len(answer.shape.layers),
            "size_mib": _mib(answer.size_bytes),
            "trained_context": answer.shape.trained_context or None,
        },
        "settings": {
            "context": answer.settings.context,
            "cells_per_stream": answer.need.cells,
            "streams": answer.need.streams,
            "backend": answer.settings.backend or None,
            "device": one_line(answer.room.name, 200) or None,
        },
        **_needs(answer.need),
        "memory_origin": "computed",
        "probed": _probed(answer.probed),
        "room": {
            "device_mib": _known_mib(answer.room.device_bytes),
            "host_mib": _known_mib(answer.room.host_bytes),
            "origin": answer.room.origin,
            "source": one_line(answer.room.source, 200),
        },
        "verdict": answer.verdict,
        "verdict_origin": "probed" if answer.probed else "computed",
        "risk": None if answer.risk is None else round(answer.risk, 4),
        "largest_context": answer.largest_context,
        "most_layers": answer.most_layers,
        "levers": [_lever(lever) for lever in answer.levers],
        "speed": _rates(answer.speed),
        "speed_detail": _rates_in_detail(answer.speed),
        "bandwidth": [_bandwidth(device) for device in answer.devices if device],
        "notes": [one_line(note, 300) for note in answer.notes],
    }


def _lever(lever: Lever) -> dict[str, Any]:
    return {
        "say": lever.say,
        "saves_mib": _mib(lever.saves_bytes),
        "verdict": lever.verdict,
        "largest_context": lever.largest_context,
        "decode_tok_s": None if lever.decode_tok_s is None else round(lever.decode_tok_s, 2),
        "estimate": lever.estimate,
    }


def _needs(need: Need) -> dict[str, Any]:
    """What each part takes, the state counted with the cache."""
    kv = Split(device=need.kv.device + need.state.device, host=need.kv.host + need.state.host)
    return {
        "weights": _sides(need.weights),
        "kv": _sides(kv),
        "state": _sides(need.state),
        "compute": _sides(need.compute),
        "total": {"device_mib": _mib(need.device), "host_mib": _mib(need.host)},
        "margin_mib": _mib(need.margin_bytes),
    }


def _probed(probed: Probed | None) -> dict[str, Any] | None:
    """llama.cpp's own lines; None where it was not asked."""
    if probed is None:
        return None
    return {
        "origin": "probed",
        "source": "llama-fit-params",
        "devices": [_line(device) for device in (*probed.devices, probed.host)],
        "total": {"device_mib": _mib(probed.device_bytes), "host_mib": _mib(probed.host.bytes)},
    }


def _line(device: DeviceNeed) -> dict[str, Any]:
    return {
        "name": device.name,
        "model_mib": device.model_mib,
        "context_mib": device.context_mib,
        "compute_mib": device.compute_mib,
    }


def _rates(speed: Speed | None) -> dict[str, float | None] | None:
    """Tokens per second; None where no device is known. Prefill is the middle of its range."""
    if not speed:
        return None
    return {
        "decode_tok_s": round(speed.decode_tok_s, 2),
        "slow_below_tok_s": round(speed.slow_below_tok_s, 2),
        "prefill_tok_s": round(speed.prefill_tok_s) if speed.prefill_tok_s else None,
    }


def _rates_in_detail(speed: Speed | None) -> dict[str, Any] | None:
    """What else is known of them. `advise_only`: so fast that fixed costs decide, and the lines say little."""
    if not speed:
        return None
    ends = prefill_range(speed.prefill_tok_s)
    return {
        "origin": "computed",
        "very_slow_below_tok_s": round(speed.very_slow_below_tok_s, 2),
        "advise_only": speed.decode_tok_s > FASTEST_TOK_S,
        "prefill_range_tok_s": list(ends) if ends else None,
    }


def _bandwidth(device: Device) -> dict[str, Any]:
    return {
        "device": one_line(device.name, 200),
        "count": device.count,
        "gb_s": round(device.bandwidth_bytes_s / GB, 1),
        "origin": device.origin,
        "source": one_line(device.source, 200),
    }


def _sides(split: Split) -> dict[str, float]:
    return {"device_mib": _mib(split.device), "host_mib": _mib(split.host)}


def _known_mib(count_bytes: float | None) -> float | None:
    return None if count_bytes is None else _mib(count_bytes)


def _mib(count_bytes: float) -> float:
    return round(count_bytes / MIB, 2)
