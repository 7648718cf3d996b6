"""The model-file check on given facts."""

import pytest

from doctor.facts import FileHealth
from doctor.model import Severity
from tests.given import run_check, symptoms

SOUND = FileHealth(path="/m/a.gguf", size_bytes=5_000_000, tensors_checked=13)


async def test_a_sound_file_passes() -> None:
    assert symptoms(await run_check("model-file", [SOUND])) == []


async def test_bad_weights_are_seen() -> None:
    health = FileHealth(path="/m/a.gguf", size_bytes=5, tensors_checked=13, bad_tensors=("blk.2.ffn_norm.weight",))

    verdict = await run_check("model-file", [health])

    assert symptoms(verdict) == ["bad-weights"]
    assert "blk.2.ffn_norm.weight" in verdict.findings[0].summary


async def test_a_damaged_file_is_seen_with_its_reason() -> None:
    health = FileHealth(path="/m/a.gguf", size_bytes=5, problem="truncated", detail="9 bytes are missing")

    verdict = await run_check("model-file", [health])

    assert symptoms(verdict) == ["file-damaged"]
    assert "9 bytes" in verdict.findings[0].summary


@pytest.mark.parametrize(("damage", "symptom"), [("holes", "zeroed-weights"), ("wild_scales", "absurd-weights")])
async def test_damage_among_the_samples_is_seen_and_named(damage: str, symptom: str) -> None:
    health = FileHealth(
        path="/m/a.gguf", size_bytes=5, tensors_checked=13, sampled_bytes=9, **{damage: ("blk.1.ffn_up.weight",)}
    )

    verdict = await run_check("model-file", [health])

    assert symptoms(verdict) == [symptom]
    assert "blk.1.ffn_up.weight" in verdict.findings[0].summary
    assert verdict.findings[0].severity is Severity.CRITICAL


async def test_all_damage_is_told_at_once() -> None:
    damage = {"bad_tensors": ("a",), "holes": ("b",), "wild_scales": ("c",)}

    found = symptoms(await run_check("model-file", [FileHealth(path="/m/a.gguf", size_bytes=5, **damage)]))

    assert found == ["bad-weights", "zeroed-weights", "absurd-weights"]
