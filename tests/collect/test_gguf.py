"""The GGUF reader on files built byte by byte: what it reads, and every limit of a hostile or damaged header."""

import os
import random
import struct
from pathlib import Path

import pytest

from doctor.collect import gguf
from doctor.collect.gguf import GgufError, read_header, text_at

STRING, ARRAY, U32, F32 = 8, 9, 4, 6


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def key(name: str, kind: int, payload: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + payload


def tensor(name: str, shape: tuple[int, ...], type_id: int, offset: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, type_id, offset)


def model(keys: list[bytes], tensors: list[bytes], *, version: int = 3, data: int = 0) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys)) + b"".join(keys) + b"".join(tensors)
    return head + b"\0" * (-len(head) % 32 + data)


ARCHITECTURE = key("general.architecture", STRING, text("llama"))


def write(folder: Path, content: bytes) -> Path:
    path = folder / "m.gguf"
    path.write_bytes(content)
    return path


def test_a_header_is_read(tmp_path: Path) -> None:
    keys = [
        ARCHITECTURE,
        key("llama.block_count", U32, struct.pack("<I", 2)),
        key("llama.heads", ARRAY, struct.pack("<IQ3I", U32, 3, 4, 0, 4)),
        key("tokenizer.ggml.tokens", ARRAY, struct.pack("<IQ", STRING, 2) + text("a") + text("bb")),
    ]
    tensors = [tensor("w", (256, 4), 12, 0), tensor("n", (8,), 0, 576)]

    header = read_header(write(tmp_path, model(keys, tensors, data=608)))

    assert header.architecture == "llama"
    assert header.own("block_count") == 2
    assert header.own("heads") == [4, 0, 4]
    assert header.skipped == {"tokenizer.ggml.tokens": 2}
    assert [(t.name, t.type_name, t.bytes) for t in header.tensors] == [("w", "Q4_K", 576), ("n", "F32", 32)]
    assert not header.truncated


def test_a_file_shorter_than_its_tensors_is_truncated(tmp_path: Path) -> None:
    content = model([ARCHITECTURE], [tensor("w", (32, 4), 8, 0)], data=136)

    assert not read_header(write(tmp_path, content)).truncated
    assert read_header(write(tmp_path, content[:-1])).truncated


def test_an_unknown_block_type_is_kept_without_a_size(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, model([ARCHITECTURE], [tensor("w", (32,), 99, 0)])))

    assert header.tensors[0].bytes is None


def test_a_long_string_is_skipped_and_its_length_kept(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, model([key("license", STRING, text("x" * (1 << 20) + "y"))], [])))

    assert header.skipped == {"license": (1 << 20) + 1}
    assert "license" not in header.metadata


def test_a_long_tensor_name_is_a_warning(tmp_path: Path) -> None:
    assert read_header(write(tmp_path, model([], [tensor("n" * 64, (1,), 0, 0)], data=4))).warnings


U64_MAX = (1 << 64) - 1
HOSTILE = {
    "empty": (b"", "empty"),
    "magic": (b"GGML" + bytes(60), "does not begin with GGUF"),
    "lfs pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS"),
    "version 1": (model([], [], version=1), "version 1"),
    "version 99": (model([], [], version=99), "version 99"),
    "big endian": (b"GGUF" + struct.pack(">I", 3) + bytes(64), "big-endian"),
    "key count": (b"GGUF" + struct.pack("<IQQ", 3, 0, 65_537) + bytes(64), "65537 keys"),
    "key count 2^63": (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 63) + bytes(64), "keys"),
    "tensor count": (b"GGUF" + struct.pack("<IQQ", 3, 131_073, 0) + bytes(64), "131073 tensors"),
    "key length": (model([struct.pack("<Q", 65_536) + bytes(70_000)], []), "a key claims 65536"),
    "key not ascii": (model([key("schlüssel", U32, bytes(4))], []), "not ASCII"),
    "string beyond the end": (model([key("a", STRING, struct.pack("<Q", 1 << 30))], []), "ends inside"),
    "string length 2^64": (model([key("a", STRING, struct.pack("<Q", U64_MAX))], []), "ends inside"),
    "array count": (model([key("a", ARRAY, struct.pack("<IQ", U32, 8_388_609))], []), "8388609 elements"),
    "array beyond the end": (model([key("a", ARRAY, struct.pack("<IQ", U32, 70_000))], []), "ends inside"),
    "nested array": (model([key("a", ARRAY, struct.pack("<IQ", ARRAY, 1))], []), "holds arrays"),
    "array of unknown": (model([key("a", ARRAY, struct.pack("<IQ", 77, 1))], []), "element type 77"),
    "value type": (model([key("a", 13, bytes(8))], []), "value type 13"),
    "duplicate key": (model([ARCHITECTURE, ARCHITECTURE], []), "stands twice"),
    "duplicate tensor": (model([], [tensor("w", (1,), 0, 0)] * 2), "stands twice"),
    "no dimensions": (model([], [tensor("w", (), 0, 0)]), "0 dimensions"),
    "five dimensions": (model([], [tensor("w", (1, 1, 1, 1, 1), 0, 0)]), "5 dimensions"),
    "product overflow": (model([], [tensor("w", (1 << 32, 1 << 31), 0, 0)]), "more elements"),
    "broken block": (model([], [tensor("w", (33,), 8, 0)]), "whole blocks of Q8_0"),
    "retired type": (model([], [tensor("w", (32,), 4, 0)]), "retired"),
    "tensor name": (model([], [struct.pack("<Q", 1_025) + bytes(2_000)]), "tensor name claims 1025"),
    "offset gap": (model([], [tensor("w", (8,), 0, 64)], data=200), "does not start"),
    "overlap": (model([], [tensor("a", (8,), 0, 0), tensor("b", (8,), 0, 0)], data=200), "does not start"),
    "alignment 0": (model([key("general.alignment", U32, bytes(4))], []), "alignment 0"),
    "alignment 48": (model([key("general.alignment", U32, struct.pack("<I", 48))], []), "alignment 48"),
    "alignment 2^30": (model([key("general.alignment", U32, struct.pack("<I", 1 << 30))], []), "power of two"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused_with_its_reason(tmp_path: Path, name: str) -> None:
    content, reason = HOSTILE[name]

    with pytest.raises(GgufError, match=reason.replace("^", r"\^")):
        read_header(write(tmp_path, content))


def test_a_header_over_its_byte_cap_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf, "MAX_HEADER_BYTES", 64)

    with pytest.raises(GgufError, match="larger than"):
        read_header(write(tmp_path, model([key("a", STRING, text("x" * 100))], [])))


def test_a_header_over_its_time_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf, "MAX_SECONDS", -1.0)

    with pytest.raises(GgufError, match="took longer"):
        read_header(write(tmp_path, model([ARCHITECTURE], [])))


def test_what_is_not_a_regular_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GgufError):
        read_header(tmp_path)
    with pytest.raises(GgufError, match="cannot be read"):
        read_header(tmp_path / "none.gguf")
    with pytest.raises(GgufError, match="regular"):
        read_header(Path(os.devnull))


def test_ten_thousand_mutated_headers_give_a_header_or_a_typed_error(tmp_path: Path) -> None:
    keys = [ARCHITECTURE, key("a", ARRAY, struct.pack("<IQ3I", U32, 3, 1, 2, 3)), key("f", F32, struct.pack("<f", 1))]
    sound = model(keys, [tensor("w", (32, 4), 8, 0), tensor("n", (8,), 0, 160)], data=192)
    source = random.Random(7)
    path = tmp_path / "m.gguf"
    outcomes = {"header": 0, "error": 0}
    for _ in range(10_000):
        content = bytearray(sound)
        for _ in range(source.randint(1, 6)):
            content[source.randrange(4, len(content))] = source.randrange(256)
        path.write_bytes(content[: source.randrange(8, len(content) + 1)] if source.random() < 0.3 else content)
        try:
            read_header(path)
            outcomes["header"] += 1
        except GgufError:
            outcomes["error"] += 1

    assert sum(outcomes.values()) == 10_000
    assert min(outcomes.values()) > 0


def words(*texts: str) -> bytes:
    return struct.pack("<IQ", STRING, len(texts)) + b"".join(map(text, texts))


def test_one_word_of_a_vocabulary_is_read_without_the_others(tmp_path: Path) -> None:
    tokens = ["a", "", "<|im_end|>", "\N{SNOWMAN}"]
    path = write(tmp_path, model([ARCHITECTURE, key("tokenizer.ggml.tokens", ARRAY, words(*tokens))], []))
    header = read_header(path)
    assert [text_at(path, header, "tokenizer.ggml.tokens", index) for index in range(4)] == tokens
    for name, index in (("tokenizer.ggml.tokens", 4), ("tokenizer.ggml.tokens", -1), ("tokenizer.ggml.merges", 0)):
        assert text_at(path, header, name, index) is None


def test_a_file_that_became_shorter_meanwhile_is_a_typed_error(tmp_path: Path) -> None:
    path = write(tmp_path, model([ARCHITECTURE, key("tokenizer.ggml.tokens", ARRAY, words("a" * 100, "b"))], []))
    header = read_header(path)
    os.truncate(path, header.texts["tokenizer.ggml.tokens"] + 20)
    with pytest.raises(GgufError):
        text_at(path, header, "tokenizer.ggml.tokens", 1)
