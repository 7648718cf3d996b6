"""Samples of a model file's matrices, on the shipped model, broken copies of it, and a large file made for it."""

import struct
from pathlib import Path

import pytest

from doctor.collect.gguf import read_header
from doctor.collect.weight_sample import WINDOW_BYTES, WINDOWS, sample_weights
from doctor.ward.engine import PATIENT
from doctor.ward.variants import prepared

ROW_BYTES = 272  # 256 values in eight blocks of Q8_0


def sampled(path: Path):
    return sample_weights(path, read_header(path))


def changed(folder: Path, name: str, at: int, content: bytes) -> Path:
    """A copy of the patient with bytes of one tensor replaced."""
    header = read_header(PATIENT)
    tensor = next(tensor for tensor in header.tensors if tensor.name == name)
    data = bytearray(PATIENT.read_bytes())
    start = header.data_start + tensor.offset + at
    data[start : start + len(content)] = content
    path = folder / "copy.gguf"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("variant", ["", "weights_noise", "weights_few_bits", "weights_key_outliers", "base_model"])
def test_sound_files_have_neither_holes_nor_absurd_scales(variant):
    with prepared(variant) as path:
        sample = sampled(path)
    assert (sample.holes, sample.wild) == ((), ())
    assert sample.read_bytes > 0


def test_a_lost_part_of_a_download_is_found_in_every_matrix_that_it_touches():
    with prepared("weights_holes") as path:
        sample = sampled(path)
    assert "blk.2.attn_q.weight" in sample.holes
    assert "token_embd.weight" not in sample.holes
    assert sample.wild == ()


def test_a_flipped_bit_in_a_scale_is_found():
    with prepared("weights_flipped") as path:
        wild = sampled(path).wild
    assert wild == ("blk.0.ffn_up.weight", "blk.2.attn_v.weight", "blk.3.ffn_down.weight")


@pytest.mark.parametrize("high", [0x7C, 0xFC, 0x7E])
def test_a_scale_that_is_no_number_is_found(tmp_path, high):
    path = changed(tmp_path, "blk.4.ffn_gate.weight", 5 * 34, bytes((0, high)))
    assert sampled(path).wild == ("blk.4.ffn_gate.weight",)


@pytest.mark.parametrize(("bytes_", "found"), [(4095, ()), (4096, ("blk.1.ffn_up.weight",))])
def test_a_page_of_zeros_is_a_hole_and_less_is_none(tmp_path, bytes_, found):
    # The bytes around it are made other than zero, so that the stretch has exactly this length.
    path = changed(tmp_path, "blk.1.ffn_up.weight", 34 * 100, b"\1" + bytes(bytes_) + b"\1")
    assert sampled(path).holes == found


@pytest.mark.parametrize(
    ("name", "size", "found"),
    [
        ("blk.1.ffn_down.weight", 174_080, ()),
        ("blk.1.attn_output.weight", 69_632, ()),
        ("blk.1.attn_q.weight", 69_632, ("blk.1.attn_q.weight",)),
        ("blk.1.ffn_down.weight", 90_000, ("blk.1.ffn_down.weight",)),
        ("token_embd.weight", 8 * ROW_BYTES * 4, ()),
    ],
)
def test_silenced_layers_and_unused_tokens_are_no_holes(tmp_path, name, size, found):
    """Merges that repeat layers zero two matrices of each as a whole; rows of unused tokens are zero."""
    assert sampled(changed(tmp_path, name, 0, bytes(size))).holes == found


def test_of_a_large_file_only_windows_are_read(tmp_path):
    """Forty matrices of 1 MiB: more than is read whole."""
    size, count = 1 << 20, 40
    names = [f"blk.{number}.ffn_up.weight".encode() for number in range(count)]
    table = b"".join(
        struct.pack("<Q", len(name)) + name + struct.pack("<IQQIQ", 2, 1024, 512, 1, number * size)
        for number, name in enumerate(names)
    )
    head = b"GGUF" + struct.pack("<IQQ", 3, count, 0) + table
    path = tmp_path / "large.gguf"
    path.write_bytes(head + bytes(-len(head) % 32) + b"\1" * (size * count))

    sample = sampled(path)

    assert sample.read_bytes == WINDOWS * WINDOW_BYTES
    assert sample.holes == ()
