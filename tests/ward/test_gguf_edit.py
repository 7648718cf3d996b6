"""Rewriting GGUF files, on the shipped model: what is not changed stays byte for byte."""

import pytest

from doctor.ward.engine import PATIENT
from doctor.ward.gguf_edit import Q8_0, read, write


@pytest.fixture(scope="module")
def good():
    return read(PATIENT)


def data_of(path):
    file = read(path)
    return path.read_bytes()[file.data_start :]


def test_a_rewrite_without_changes_is_byte_identical(good, tmp_path):
    target = write(good, tmp_path / "same.gguf")
    assert target.read_bytes() == PATIENT.read_bytes()


def test_changed_metadata_leaves_every_tensor_as_it_was(good, tmp_path):
    longer = "x" * 12345
    target = write(
        good, tmp_path / "new.gguf", changes={"tokenizer.chat_template": longer, "llama.context_length": 512}
    )
    changed = read(target)
    assert changed.metadata["tokenizer.chat_template"] == longer
    assert changed.metadata["llama.context_length"] == 512
    assert changed.data_start % changed.alignment == 0
    assert changed.tensors == good.tensors
    assert data_of(target) == data_of(PATIENT)


def test_other_values_are_kept_when_one_is_removed(good, tmp_path):
    changed = read(write(good, tmp_path / "less.gguf", removed=frozenset({"tokenizer.chat_template"})))
    expected = {key: value for key, value in good.metadata.items() if key != "tokenizer.chat_template"}
    assert changed.metadata == expected


def test_arrays_are_written_in_their_own_type(good, tmp_path):
    tokens = list(reversed(good.metadata["tokenizer.ggml.tokens"]))
    types = [1] * len(tokens)
    changes = {"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": types}
    changed = read(write(good, tmp_path / "arrays.gguf", changes=changes))
    assert changed.metadata["tokenizer.ggml.tokens"] == tokens
    assert changed.metadata["tokenizer.ggml.token_type"] == types


def test_an_edit_touches_only_the_tensor_it_names(good, tmp_path):
    def edit(tensor, content):
        if tensor.name == "blk.1.ffn_norm.weight":
            content[:] = bytes(len(content))

    target = write(good, tmp_path / "edited.gguf", edit=edit)
    before, after = data_of(PATIENT), data_of(target)
    touched = {
        tensor.name
        for tensor in good.tensors
        if before[tensor.offset : tensor.offset + tensor.size_bytes]
        != after[tensor.offset : tensor.offset + tensor.size_bytes]
    }
    assert touched == {"blk.1.ffn_norm.weight"}
    assert len(before) == len(after)


def test_tensor_sizes_fill_the_file_up_to_the_alignment(good):
    padded = [-(-tensor.size_bytes // good.alignment) * good.alignment for tensor in good.tensors]
    assert [tensor.offset for tensor in good.tensors] == [sum(padded[:n]) for n in range(len(padded))]
    assert any(tensor.kind == Q8_0 for tensor in good.tensors)


def test_an_unknown_key_cannot_be_changed(good, tmp_path):
    with pytest.raises(KeyError):
        write(good, tmp_path / "no.gguf", changes={"no.such.key": 1})


def test_a_file_of_another_kind_is_refused(tmp_path):
    text = tmp_path / "text.gguf"
    text.write_text("hello")
    with pytest.raises(ValueError, match="not a GGUF file"):
        read(text)
