"""The look at the model's file, on the small trained model and on broken copies of it."""

import math
import struct
from pathlib import Path

import pytest

import doctor.ward
from doctor.collect.gguf import read_header
from doctor.collect.model_file import examine

PATIENT = Path(doctor.ward.__file__).parent / "model" / "patient.q8_0.gguf"


def copy_with(folder: Path, offset: int, data: bytes) -> Path:
    content = bytearray(PATIENT.read_bytes())
    content[offset : offset + len(data)] = data
    path = folder / "copy.gguf"
    path.write_bytes(content)
    return path


def test_a_sound_file_has_no_problem() -> None:
    health = examine(PATIENT)

    assert health.problem == ""
    assert health.bad_tensors == ()
    assert health.tensors_checked == 13
    assert health.bits_per_weight == 8.5
    assert health.chat_template is not None
    assert "<|im_start|>" in health.chat_template


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_vector_with_a_bad_value_is_named(tmp_path: Path, value: float) -> None:
    header = read_header(PATIENT)
    norm = next(t for t in header.tensors if t.name == "blk.2.ffn_norm.weight")

    health = examine(copy_with(tmp_path, header.data_start + norm.offset, struct.pack("<f", value)))

    assert health.bad_tensors == ("blk.2.ffn_norm.weight",)


def test_a_file_cut_in_its_tensors_is_truncated(tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(PATIENT.read_bytes()[:3_000_000])

    health = examine(path)

    assert health.problem == "truncated"
    assert "missing" in health.detail


def test_a_pointer_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "pointer.gguf"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", encoding="utf-8")

    assert examine(path).problem == "git-lfs-pointer"
