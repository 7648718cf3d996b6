"""safetensors folders built by hand: what is read, and what a hostile or damaged one is answered with."""

import json
import os
import random

import pytest

from doctor.collect.safetensors import MAX_HEADER_BYTES, SafetensorsError, read_folder, read_safetensors
from doctor.collect.shape import read_model_file
from doctor.errors import DoctorError
from doctor.sizing.memory import MIB, need
from doctor.sizing.settings import Settings

CONFIG = {
    "model_type": "llama",
    "num_hidden_layers": 2,
    "hidden_size": 256,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 1000,
    "intermediate_size": 512,
    "max_position_embeddings": 8192,
}


def packed(header, data=0):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + bytes(data)


def entry(begin, *shape, dtype="BF16", width=2):
    size = width
    for dimension in shape:
        size *= dimension
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, begin + size]}


def write(folder, header, data=0, name="model.safetensors"):
    path = folder / name
    path.write_bytes(packed(header, data))
    return path


def write_folder(folder, config=CONFIG, shards=1):
    names = (
        [f"model-{n + 1:05d}-of-{shards:05d}.safetensors" for n in range(shards)]
        if shards > 1
        else ["model.safetensors"]
    )
    for number, name in enumerate(names):
        tensors = {f"model.layers.{number}.mlp.up_proj.weight": entry(0, 512, 256)}
        end = 512 * 256 * 2
        if number == 0:
            tensors["model.embed_tokens.weight"] = entry(end, 1000, 256)
            end += 1000 * 256 * 2
        write(folder, tensors, end, name)
    if shards > 1:
        index = {"metadata": {"total_size": 1}, "weight_map": {name: name for name in names}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text(json.dumps(config))


def test_a_folder_is_a_model(tmp_path):
    write_folder(tmp_path)
    found = read_model_file(tmp_path)
    needed = need(found.shape, Settings(context=8192))
    assert found.format == "safetensors"
    assert found.size_bytes == 512 * 256 * 2 + 1000 * 256 * 2
    assert needed.weights.device == found.size_bytes
    assert needed.kv.device == 8192 * 2 * 2 * 128 * 2
    assert needed.kv.device == 8 * MIB


def test_shards_are_summed_and_the_index_total_is_only_a_hint(tmp_path):
    write_folder(tmp_path, shards=2)
    found = read_model_file(tmp_path / "model-00001-of-00002.safetensors")
    assert found.size_bytes == 2 * 512 * 256 * 2 + 1000 * 256 * 2


def test_a_missing_shard_is_named(tmp_path):
    write_folder(tmp_path, shards=3)
    (tmp_path / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(SafetensorsError, match=r"1 of the model's 3 files are missing: model-00002") as caught:
        read_folder(tmp_path)
    assert caught.value.problem == "missing-part"


def test_the_text_part_of_a_multimodal_configuration_counts(tmp_path):
    kinds = ["linear_attention", "full_attention"]
    text = {**CONFIG, "layer_types": kinds, "linear_num_value_heads": 4, "linear_value_head_dim": 8}
    write_folder(tmp_path, {"model_type": "vlm", "text_config": text})
    assert [layer.attention for layer in read_model_file(tmp_path).shape.layers] == ["none", "full"]


GOOD = {"a": entry(0, 4)}
HOSTILE = {
    "empty": (b"", "ends inside"),
    "lfs pointer": (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
    "length beyond the end": ((1 << 63).to_bytes(8, "little") + b"{}", "ends inside"),
    "no object": (packed(b"[]"), "does not begin"),
    "broken JSON": (packed(b"{,"), "not what the format says"),
    "deep nesting": (packed(b'{"a":' + b"[" * 200_000), "not what the format says"),
    "wrong entry": (packed({"a": {"dtype": 3}}), "not what the format says"),
    "negative shape": (packed({"a": {"dtype": "F16", "shape": [-1], "data_offsets": [0, 0]}}, 8), "impossible"),
    "too many dimensions": (packed({"a": {"dtype": "U8", "shape": [1] * 9, "data_offsets": [0, 1]}}, 8), "impossible"),
    "overflow": (packed({"a": {"dtype": "U8", "shape": [1 << 62, 4], "data_offsets": [0, 1]}}, 8), "more elements"),
    "unknown type": (packed({"a": {"dtype": "Q9", "shape": [4], "data_offsets": [0, 4]}}, 8), "unknown type Q9"),
    "wrong size": (packed({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 4]}}, 8), "which is no F32"),
    "hole": (packed({"a": entry(0, 4), "b": entry(16, 4)}, 64), "does not start"),
    "overlap": (packed({"a": entry(0, 4), "b": entry(4, 4)}, 64), "does not start"),
    "cut off": (packed(GOOD, 7), "cut off: 1 bytes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused_with_its_reason(tmp_path, name):
    content, reason = HOSTILE[name]
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(SafetensorsError, match=reason):
        read_safetensors(path)


def test_a_header_of_any_length_is_not_read_into_memory(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes((MAX_HEADER_BYTES + 1).to_bytes(8, "little"))
    os.truncate(path, 4 * MAX_HEADER_BYTES)
    with pytest.raises(SafetensorsError, match="claims"):
        read_safetensors(path)


def test_an_index_cannot_name_files_elsewhere(tmp_path):
    write_folder(tmp_path, shards=2)
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../../etc/passwd"}}')
    with pytest.raises(SafetensorsError, match="outside its own folder"):
        read_folder(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(SafetensorsError, match="missing"):
        read_folder(tmp_path)


def test_two_thousand_mutations_give_a_result_or_a_reason(tmp_path):
    write_folder(tmp_path)
    path = tmp_path / "model.safetensors"
    whole = path.read_bytes()
    head = whole[: 8 + int.from_bytes(whole[:8], "little")]
    chance = random.Random(7)
    outcomes = {True: 0, False: 0}
    for _ in range(2000):
        mutated = bytearray(head)
        for _ in range(chance.randint(1, 4)):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        path.write_bytes(bytes(mutated))
        os.truncate(path, len(whole))
        try:
            read_safetensors(path)
            outcomes[True] += 1
        except DoctorError:
            outcomes[False] += 1
    assert outcomes[False] > 1000
