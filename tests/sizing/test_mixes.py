"""What another quantisation would take: against files that llama.cpp quantised, and the rules by themselves."""

import pytest

from doctor.collect.gguf import read_header
from doctor.sizing.header import Header, Tensor
from doctor.sizing.mixes import TYPE_IDS, in_mix, mixes
from tests.sizing.reference import HEADS, needed, sparse_model

GB = 1e9


def llama(layers=32, width=4096, ff=14336, vocabulary=128256, kv=1024, *, tied=False, experts=0):
    """A header of Llama 3.1 8B's shape in F16."""
    f16 = TYPE_IDS["F16"]
    tensors = [Tensor("token_embd.weight", (width, vocabulary), f16, 0), Tensor("output_norm.weight", (width,), 0, 0)]
    if not tied:
        tensors.append(Tensor("output.weight", (width, vocabulary), f16, 0))
    for block in range(layers):
        for name, rows in (("attn_q", width), ("attn_k", kv), ("attn_v", kv), ("attn_output", width)):
            tensors.append(Tensor(f"blk.{block}.{name}.weight", (width, rows), f16, 0))
        for name, shape in (("ffn_gate", (width, ff)), ("ffn_up", (width, ff)), ("ffn_down", (ff, width))):
            tensors.append(Tensor(f"blk.{block}.{name}.weight", shape, f16, 0))
        tensors.append(Tensor(f"blk.{block}.attn_norm.weight", (width,), 0, 0))
    metadata = {
        "general.architecture": "llama",
        "llama.block_count": layers,
        "llama.attention.head_count": width // 128,
        "llama.attention.head_count_kv": kv // 128,
    }
    if experts:
        metadata["llama.expert_count"] = experts
    size = sum(tensor.bytes or 0 for tensor in tensors)
    return Header(
        path="m.gguf",
        size_bytes=size,
        version=3,
        metadata=metadata,
        skipped={},
        tensors=tuple(tensors),
        data_start=0,
    )


def types(header):
    return {tensor.name: tensor.type_name for tensor in header.tensors}


@pytest.mark.parametrize(
    ("mix", "gb"),
    [
        ("Q8_0", 8.54),
        ("Q6_K", 6.60),
        ("Q5_K_M", 5.73),
        ("Q4_K_M", 4.92),
        ("Q4_K_S", 4.69),
        ("IQ4_XS", 4.45),
        ("Q3_K_M", 4.02),
        ("Q3_K_S", 3.66),
        ("Q2_K", 3.18),
    ],
)
def test_the_published_files_of_llama_31_8b_have_these_sizes(mix, gb):
    """Sizes in GB as a hub lists the files; metadata and vocabulary are 8 MB of each."""
    assert (in_mix(llama(), mix).size_bytes + 8e6) / GB == pytest.approx(gb, abs=0.012)


@needed
@pytest.mark.parametrize(
    "name", ["llama31-8b", "llama32-3b", "qwen25-7b", "gemma3-12b", "qwen3-30b-a3b"], ids=lambda name: name
)
def test_a_q4_k_m_file_is_its_own_estimate_to_the_tensor(name, tmp_path):
    header = read_header(sparse_model(next(HEADS.glob(f"{name}.*")), tmp_path))
    assert types(in_mix(header, "Q4_K_M")) == types(header)


@needed
def test_an_older_build_of_a_fused_model_is_met_within_half_a_per_cent(tmp_path):
    header = read_header(sparse_model(next(HEADS.glob("phi3-mini.*")), tmp_path))
    assert in_mix(header, "Q4_K_M").size_bytes == pytest.approx(header.size_bytes, rel=0.005)


def test_smaller_names_are_smaller_models():
    sizes = [in_mix(llama(), mix).size_bytes for mix in mixes()]
    assert sizes == sorted(sizes, reverse=True)


def test_some_blocks_get_more_bits():
    found = types(in_mix(llama(), "Q4_K_M"))
    assert found["blk.0.ffn_down.weight"] == found["blk.31.attn_v.weight"] == "Q6_K"
    assert found["blk.4.ffn_down.weight"] == found["blk.0.attn_q.weight"] == "Q4_K"
    assert found["output.weight"] == "Q6_K"
    assert found["token_embd.weight"] == "Q4_K"
    assert found["blk.0.attn_norm.weight"] == "F32"


def test_a_tied_embedding_is_quantised_as_the_head_that_it_is():
    assert types(in_mix(llama(tied=True), "Q3_K_M"))["token_embd.weight"] == "Q6_K"


def test_eight_experts_and_eighty_blocks_are_special():
    mixtral = types(in_mix(llama(experts=8), "Q4_K_M"))
    assert (mixtral["blk.4.attn_v.weight"], mixtral["blk.4.attn_output.weight"]) == ("Q8_0", "Q5_K")
    assert types(in_mix(llama(layers=80), "Q4_K_M"))["blk.12.attn_v.weight"] in ("Q5_K", "Q6_K")


def test_rows_that_no_block_divides_fall_back():
    assert types(in_mix(llama(width=2880), "Q4_K_M"))["blk.3.attn_q.weight"] == "Q5_0"
    assert types(in_mix(llama(width=2890), "Q4_K_M"))["blk.3.attn_q.weight"] == "F16"
