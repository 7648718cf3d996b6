"""The model-file check on given facts."""

from doctor.facts import FileHealth
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
