"""Split models on files built byte by byte, mostly sparse."""

import os
import struct
import time
import tracemalloc

import pytest

from doctor.collect import gguf
from doctor.collect.gguf import GgufError
from doctor.collect.model_file import examine
from doctor.collect.shape import NoModelError, read_model_file
from doctor.collect.split_model import parts_of, read_model
from tests.collect.test_gguf import ARCHITECTURE, ARRAY, STRING, U32, key, model, tensor, text

U16, I32 = 2, 5


def split_keys(number, count, tensors):
    return [
        key("split.no", U16, struct.pack("<H", number)),
        key("split.count", U16, struct.pack("<H", count)),
        key("split.tensors.count", I32, struct.pack("<i", tensors)),
    ]


def write_parts(folder, count=3, *, rows=4, tensors_each=1, promised=None, vocabulary=0):
    """A split model; part 1 has the metadata. Returns the paths."""
    paths = []
    for number in range(count):
        keys = [ARCHITECTURE, key("llama.block_count", U32, struct.pack("<I", count))] if number == 0 else []
        if number == 0:
            keys += [
                key(f"llama.{name}", U32, struct.pack("<I", value))
                for name, value in (("embedding_length", 256), ("attention.head_count", 4), ("context_length", 4096))
            ]
            if vocabulary:
                words = b"".join(text(f"token-{n}") for n in range(vocabulary))
                keys.append(key("tokenizer.ggml.tokens", ARRAY, struct.pack("<IQ", STRING, vocabulary) + words))
        keys += split_keys(number, count, promised or count * tensors_each)
        size = 256 * rows // 256 * 144
        tensors = [
            tensor(f"blk.{number}.w{n}.weight", (256, rows), 12, n * (-(-size // 32) * 32)) for n in range(tensors_each)
        ]
        path = folder / f"big-{number + 1:05d}-of-{count:05d}.gguf"
        head = model(keys, tensors)
        path.write_bytes(head)
        os.truncate(path, len(head) + tensors_each * (-(-size // 32) * 32))
        paths.append(path)
    return paths


@pytest.mark.parametrize("given", [0, 1, 2])
def test_any_part_names_the_whole_model(tmp_path, given):
    paths = write_parts(tmp_path)
    header = read_model(paths[given])
    assert [t.name for t in header.tensors] == [f"blk.{n}.w0.weight" for n in range(3)]
    assert header.size_bytes == sum(path.stat().st_size for path in paths)
    assert header.own("block_count") == 3
    assert not header.truncated


def test_a_missing_part_is_named(tmp_path):
    paths = write_parts(tmp_path)
    paths[1].unlink()
    with pytest.raises(GgufError, match=r"1 of the model's 3 parts is missing: big-00002-of-00003") as caught:
        read_model(paths[0])
    assert caught.value.problem == "missing-part"


def test_a_part_that_was_cut_off_is_named(tmp_path):
    paths = write_parts(tmp_path)
    os.truncate(paths[2], paths[2].stat().st_size - 100)
    with pytest.raises(GgufError, match=r"big-00003-of-00003.* is cut off") as caught:
        read_model(paths[0])
    assert caught.value.problem == "truncated"


def test_a_part_of_another_model_is_refused(tmp_path):
    paths = write_parts(tmp_path)
    paths[1].write_bytes(paths[2].read_bytes())
    with pytest.raises(GgufError, match="belongs to another model"):
        read_model(paths[0])


def test_a_wrong_number_of_tensors_is_refused(tmp_path):
    with pytest.raises(GgufError, match="hold 3 tensors together, but the first part promises 9"):
        read_model(write_parts(tmp_path, promised=9)[0])


@pytest.mark.parametrize(
    "name", ["model.gguf", "a-00004-of-00003.gguf", "a-00001-of-99999.gguf", "a-00000-of-00002.gguf"]
)
def test_other_names_are_single_files(tmp_path, name):
    assert parts_of(tmp_path / name) == (tmp_path / name,)


def test_the_headers_of_a_400_gb_model_are_read_in_time_and_memory(tmp_path, monkeypatch):
    """Nine sparse parts of 44 GB with 1 152 tensors in all and a vocabulary of 150 000."""
    rows = 400 * 10**9 // 1152 // 144
    paths = write_parts(tmp_path, 9, rows=rows, tensors_each=128, vocabulary=150_000)
    assert sum(path.stat().st_size for path in paths) > 399 * 10**9
    spent_s = []
    for _ in range(3):  # the fastest: other work on the machine slows every read
        began_s = time.process_time()
        header = read_model(paths[0])
        spent_s.append(time.process_time() - began_s)
    assert len(header.tensors) == 1152
    assert header.skipped["tokenizer.ggml.tokens"] == 150_000
    assert min(spent_s) < 1.0
    monkeypatch.setattr(gguf, "MAX_SECONDS", 60.0)  # watching the memory takes most of the time
    tracemalloc.start()
    try:
        read_model(paths[0])
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()


def test_a_projector_is_no_model(tmp_path):
    path = tmp_path / "mmproj.gguf"
    path.write_bytes(model([key("general.type", STRING, text("mmproj"))], []))
    with pytest.raises(NoModelError, match="reads images"):
        read_model_file(path)


def test_a_model_file_has_a_shape_and_its_parts(tmp_path):
    found = read_model_file(write_parts(tmp_path)[1])
    assert (found.parts, len(found.shape.layers), found.shape.embedding_length) == (3, 3, 256)


def test_a_missing_part_is_a_problem_of_the_served_file(tmp_path):
    paths = write_parts(tmp_path)
    assert examine(paths[0]).problem == ""
    paths[1].unlink()
    health = examine(paths[0])
    assert health.problem == "missing-part"
    assert "big-00002-of-00003.gguf" in health.detail
