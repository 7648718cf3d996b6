"""What may differ between two patients with the same illness: names, ports, seeds, sizes, wording, how ill it is.

A variation takes a patient and a source of chance and returns a patient that must get the same diagnosis. It leaves
alone what the patient's own file sets, unless that is a number of the illness itself, which varies within bounds.
"""

import string
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import msgspec

from doctor.ward.engine import TRAINED_CONTEXT
from doctor.ward.patients import Patient

Variation = Callable[[Patient, Random], Patient]

OWN_ENGINE = ("llama.cpp", "gateway")  # patients whose llama-server is seen by the doctor, or stands right behind
NAMES = (
    "house-model", "assistant", "Our Helper v2", "team/support-bot", "kleiner-helfer", "asistente", "助手", "помощник",
    "a.b.c_d-e", "hf.co/someone/helper-GGUF", "model", "x", "helper 2026-11 (final)",
)  # fmt: skip
TAGS = ("latest", "v2", "2026-11", "q8_0", "final")
VERSIONS = ("0.30.4", "0.31.2", "0.32.0", "0.32.15")  # of Ollama
PERSONAS = (
    "You are a helpful assistant.",
    "You are a helpful assistant. Answer briefly.",
    "You are a kind and careful assistant.",
)
TOOLS = ("search_web", "browse", "run_python", "get_stock_price", "open_file")
PREFIXES = ("functions.", "tools.", "default_api.")
REFUSALS = {
    "the prompt exceeds the available context size (2048 tokens)": (
        "the request exceeds the available context size (2048 tokens), try increasing it",
        "This model's maximum context length is 2048 tokens. Please reduce the length of the messages.",
    ),
}
# Numbers of an illness and the bounds within which it stays the same illness.
DOSES: Mapping[tuple[str, ...], tuple[float, float]] = {
    ("settings", "flags", "--temp"): (2.5, 5.0),
    ("settings", "flags", "--repeat-penalty"): (1.7, 2.2),
    ("settings", "flags", "--rope-freq-base"): (300, 700),
    ("settings", "flags", "--rope-scale"): (6, 12),
    ("settings", "flags", "--predict"): (12, 24),
    ("settings", "flags", "--ctx-size"): (12_288, 24_576),
    ("claims", "parameters", "temperature"): (1.8, 3.0),
    ("claims", "gpu_share"): (0.15, 0.45),
    ("faults", "embedding_tokens"): (200, 320),
    ("faults", "empty_above"): (1_700, 2_200),
    ("faults", "refuses_above"): (1_700, 2_200),
    ("faults", "reload_s"): (1.0, 2.0),
    ("faults", "tok_s"): (10.0, 16.0),
    ("gateway", "keeps_words"): (800, 1_000),
    ("calls", "kept_tools"): (8, 12),
}
HEALTHY_DOSES: Mapping[tuple[str, ...], tuple[float, float]] = {("claims", "parameters", "temperature"): (0.3, 0.8)}
NO_PENALTY = 1.0  # penalties below one reward repeats and are another illness


def varied(patient: Patient, chance: Random) -> Patient:
    """The patient after every variation that applies to it."""
    for variation in VARIATIONS:
        patient = variation(patient, chance)
    return patient


def renamed(patient: Patient, chance: Random) -> Patient:
    """Another name of the model, one that tells nothing about it."""
    name = chance.choice(NAMES)
    if patient.engine in OWN_ENGINE and not patient.settings.name:
        return _with(patient, settings={"name": name})
    if patient.engine == "ollama" and patient.claims.model == "patient:latest" and not patient.visit.model:
        name = "".join(letter for letter in name if letter in string.ascii_letters + string.digits + "-_./") or "helper"
        return _with(patient, claims={"model": f"{name.strip('-./')}:{chance.choice(TAGS)}"})
    return patient


def reseeded(patient: Patient, chance: Random) -> Patient:
    """Another seed of the server's own sampling."""
    return _flagged(patient, {"--seed": chance.randrange(1, 2**31)})


def resized(patient: Patient, chance: Random) -> Patient:
    """Other sizes of what is computed at once, more slots of the same window, another window that suffices."""
    flags: dict[str, Any] = {}
    if patient.settings.embeddings == "" and "--attention" not in patient.settings.flags:
        flags["--batch-size"] = chance.choice((256, 512, 1024, 2048))
    patient = _flagged(patient, flags)
    settings = patient.settings
    if settings.context != TRAINED_CONTEXT or settings.slots > 1 or "--ctx-size" in settings.flags:
        return patient
    if patient.engine in OWN_ENGINE and not patient.variant and not patient.busy and settings.slots == 1:
        return _with(patient, settings={"slots": chance.choice((1, 2, 3)), "unified": True})
    return patient


def reworded(patient: Patient, chance: Random) -> Patient:
    """Other words where they do not matter: a persona, an invented tool, a prefix, a refusal."""
    claims, calls, faults = patient.claims, patient.calls, patient.faults
    if patient.engine == "ollama":
        said = {"version": chance.choice(VERSIONS)}
        if patient.healthy and not claims.system and not claims.remote_host:
            said["system"] = chance.choice(("", *PERSONAS))
        patient = _with(patient, claims=said)
    if calls.name:
        patient = _with(patient, calls={"name": chance.choice(TOOLS)})
    if calls.prefix:
        patient = _with(patient, calls={"prefix": chance.choice(PREFIXES)})
    if faults.refusal in REFUSALS:
        patient = _with(patient, faults={"refusal": chance.choice((faults.refusal, *REFUSALS[faults.refusal]))})
    if patient.settings.api_key:
        key = "".join(chance.choices(string.ascii_letters + string.digits, k=chance.randrange(8, 40)))
        patient = _with(patient, settings={"api_key": key})
        patient = _with(patient, visit={"api_key": key}) if patient.visit.api_key else patient
    return patient


def dosed(patient: Patient, chance: Random) -> Patient:
    """More or less of the same illness."""
    doses = {**DOSES, **HEALTHY_DOSES} if patient.healthy else DOSES
    fields = msgspec.to_builtins(patient)
    sound = msgspec.to_builtins(Patient(id=patient.id, title=patient.title, engine=patient.engine))
    for path, (least, most) in doses.items():
        *parents, last = path
        place: Any = fields
        usual: Any = sound
        for name in parents:
            place, usual = place.get(name, {}), usual.get(name, {})
        old = place.get(last)
        if not old or old == usual.get(last) or (last == "--repeat-penalty" and old < NO_PENALTY):
            continue
        dose = chance.uniform(least, most)
        place[last] = round(dose) if isinstance(old, int) else round(dose, 3)
    return msgspec.convert(fields, Patient)


def _flagged(patient: Patient, flags: Mapping[str, Any]) -> Patient:
    return _with(patient, settings={"flags": {**flags, **patient.settings.flags}})


def _with(patient: Patient, **parts: Mapping[str, Any]) -> Patient:
    """The patient with fields of some of its parts replaced."""
    changed = {name: msgspec.structs.replace(getattr(patient, name), **fields) for name, fields in parts.items()}
    return msgspec.structs.replace(patient, **changed)


VARIATIONS: tuple[Variation, ...] = (renamed, reseeded, resized, reworded, dosed)
