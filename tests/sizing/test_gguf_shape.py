"""Shapes from headers of model families, by the keys and tensors that their files have."""

import subprocess
import sys

import pytest

from doctor.sizing.gguf_shape import shape_of
from doctor.sizing.header import Header, Tensor
from doctor.sizing.memory import MIB, need
from doctor.sizing.settings import Settings

F16, Q8_0 = 1, 8


def header(architecture, layers, keys, *, tensors=(), vocabulary=1000):
    own = {f"{architecture}.{name}": value for name, value in {"block_count": layers, **keys}.items()}
    blocks = tuple(Tensor(f"blk.{i}.attn_norm.weight", (64,), 0, 0) for i in range(layers))
    return Header(
        path="m.gguf",
        size_bytes=1 << 30,
        version=3,
        metadata={"general.architecture": architecture, **own},
        skipped={"tokenizer.ggml.tokens": vocabulary},
        tensors=(*blocks, *tensors),
        data_start=0,
    )


def kinds(architecture, layers=12, **keys):
    base = {"embedding_length": 1024, "attention.head_count": 8, "attention.head_count_kv": 4}
    found = shape_of(header(architecture, layers, {**base, **keys}))
    return "".join({"full": "F", "window": "w", "none": "."}[layer.attention] for layer in found.layers)


@pytest.mark.parametrize(
    ("architecture", "keys", "expected"),
    [
        ("llama", {}, "FFFFFFFFFFFF"),
        ("gemma2", {}, "wFwFwFwFwFwF"),
        ("gemma3", {"attention.sliding_window": 1024}, "wwwwwFwwwwwF"),
        ("gemma3", {}, "FFFFFFFFFFFF"),
        ("gpt-oss", {"attention.sliding_window": 128}, "wFwFwFwFwFwF"),
        ("llama4", {}, "wwwFwwwFwwwF"),
        ("smallthinker", {"attention.sliding_window": 4096}, "FwwwFwwwFwww"),
        ("phi3", {"attention.sliding_window": 2047}, "FFFFFFFFFFFF"),
        ("mistral", {"attention.sliding_window": 4096}, "FFFFFFFFFFFF"),
        (
            "gemma4",
            {"attention.sliding_window": 512, "attention.sliding_window_pattern": [True, False] * 6},
            "wFwFwFwFwFwF",
        ),
        ("gemma4", {"attention.shared_kv_layers": 4}, "FFFFFFFF...."),
        ("x", {"attention.sliding_window": 99, "attention.sliding_window_pattern": 3}, "wwFwwFwwFwwF"),
        ("qwen3next", {"ssm.conv_kernel": 4}, "...F...F...F"),
        ("qwen35", {"ssm.conv_kernel": 4, "full_attention_interval": 3}, "..F..F..F..F"),
        ("granitehybrid", {"ssm.conv_kernel": 4, "attention.head_count_kv": [0, 0, 4] * 4}, "..F..F..F..F"),
        ("falcon-h1", {"ssm.conv_kernel": 4}, "FFFFFFFFFFFF"),
        ("mamba", {"ssm.conv_kernel": 4, "attention.head_count": 0, "attention.head_count_kv": 0}, "............"),
        (
            "nemotron_h",
            {"ssm.conv_kernel": 4, "attention.head_count_kv": [0, 4, 0] * 4, "feed_forward_length": [0, 0, 9] * 4},
            ".F..F..F..F.",
        ),
        ("minimax-01", {"ssm.conv_kernel": 4, "attention.recurrent_layers": [1, 0] * 6}, ".F.F.F.F.F.F"),
    ],
)
def test_each_family_has_its_pattern_of_layers(architecture, keys, expected):
    assert kinds(architecture, **keys) == expected


def test_qwen3_next_takes_75_mib_a_slot_and_24_kib_a_token():
    keys = {
        "embedding_length": 2048,
        "attention.head_count": 16,
        "attention.head_count_kv": 2,
        "attention.key_length": 256,
        "attention.value_length": 256,
        "ssm.conv_kernel": 4,
        "ssm.inner_size": 4096,
        "ssm.state_size": 128,
        "ssm.group_count": 16,
    }
    shape = shape_of(header("qwen3next", 48, keys))
    found = need(shape, Settings(context=262_144, slots=2, kv_unified=True))
    assert found.state.device / 2 / MIB == pytest.approx(75.4, abs=0.05)
    assert found.kv.device / 262_144 == 24 * 1024


@pytest.mark.parametrize(("has_mla", "mib"), [(True, 549), (False, 39_040)])
def test_a_compressed_cache_is_seventy_times_smaller_than_an_old_files(has_mla, mib):
    """DeepSeek V3 at 8 192 tokens."""
    keys = {
        "embedding_length": 7168,
        "attention.head_count": 128,
        "attention.head_count_kv": 1 if has_mla else 128,
        "attention.key_length": 576 if has_mla else 192,
        "attention.value_length": 512 if has_mla else 128,
        "attention.kv_lora_rank": 512,
        "rope.dimension_count": 64,
        **({"attention.key_length_mla": 192, "attention.value_length_mla": 128} if has_mla else {}),
    }
    shape = shape_of(header("deepseek2", 61, keys))
    assert need(shape, Settings(context=8192)).kv.device / MIB == pytest.approx(mib, abs=1)


def test_trailing_prediction_layers_are_not_loaded():
    assert kinds("glm4moe", 5, nextn_predict_layers=1) == "FFFF"


def test_what_is_looked_up_stays_on_the_host_and_a_tied_head_is_on_both_sides():
    tensors = (
        Tensor("token_embd.weight", (64, 1000), Q8_0, 0),
        Tensor("per_layer_token_embd.weight", (64, 5000), Q8_0, 0),
        Tensor("output_norm.weight", (64,), 0, 0),
    )
    shape = shape_of(header("gemma3n", 2, {"embedding_length": 64, "attention.head_count": 1}, tensors=tensors))
    found = need(shape, Settings()).weights
    assert shape.tied
    assert found.host == 6000 * 68
    assert found.device == 1000 * 68 + 3 * 256


def test_without_flash_attention_values_are_as_wide_as_the_widest_layer():
    keys = {
        "embedding_length": 1024,
        "attention.head_count": 8,
        "attention.head_count_kv": 4,
        "attention.sliding_window": 512,
        "attention.sliding_window_pattern": [True, False],
        "attention.key_length": 256,
        "attention.value_length": 256,
        "attention.key_length_swa": 128,
        "attention.value_length_swa": 128,
    }
    shape = shape_of(header("gemma4", 2, keys))
    flash, plain = (need(shape, Settings(context=4096, flash_attention=on)).kv.device for on in (True, False))
    assert plain - flash == 1024 * 4 * (256 - 128) * 2


def test_the_formulas_know_nothing_of_how_files_are_read():
    code = (
        "import sys, doctor.sizing.answer, doctor.sizing.gguf_shape, doctor.sizing.config_shape;"
        "others = 'doctor.collect', 'doctor.runtimes', 'doctor.http', 'psutil';"
        "print([name for name in sys.modules if name.startswith(others)])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
