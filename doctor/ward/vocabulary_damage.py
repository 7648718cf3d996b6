"""Vocabularies made ill: markers that are no tokens, tokens that are gone, two start tokens, a base model."""

from pathlib import Path

from doctor.ward.gguf_edit import Q8_0, Gguf, Tensor, write
from doctor.ward.weight_damage import BLOCK_BYTES

TEMPLATE = "tokenizer.chat_template"
TOKENS = "tokenizer.ggml.tokens"
TOKEN_TYPES = "tokenizer.ggml.token_type"  # noqa: S105 - a metadata key
END, END_OF_TURN = "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"
ADD_START = "tokenizer.ggml.add_bos_token"
NORMAL_TOKEN = 1
MARKERS = ("<|im_start|>", "<|im_end|>")
ROLES = ("system", "user", "assistant")


def two_starts(good: Gguf, target: Path) -> Path:
    """The tokenizer puts a start token in front, and so does the template."""
    start = good.metadata[TOKENS][good.metadata["tokenizer.ggml.bos_token_id"]]
    # Twice: llama.cpp takes one away where the tokenizer adds its own.
    text = "{{- '" + start + start + "' }}" + good.metadata[TEMPLATE]
    return write(good, target, changes={ADD_START: True, TEMPLATE: text})


def eos_unknown(good: Gguf, target: Path) -> Path:
    """The token that ends a turn has an unknown text and is not the end token: answers run on."""
    tokens = list(good.metadata[TOKENS])
    tokens[tokens.index("<|im_end|>")] = "<|turn_over|>"
    text = good.metadata[TEMPLATE].replace("<|im_end|>", "<|turn_over|>")
    changes = {TOKENS: tokens, END: tokens.index("<|endoftext|>"), TEMPLATE: text}
    return write(good, target, changes=changes, removed=frozenset({END_OF_TURN}))


def eos_wrong(good: Gguf, target: Path) -> Path:
    """A wrong end token, its text well known: llama.cpp repairs it by itself, other runtimes do not."""
    end = good.metadata[TOKENS].index("<|endoftext|>")
    return write(good, target, changes={END: end}, removed=frozenset({END_OF_TURN}))


def markers_normal(good: Gguf, target: Path) -> Path:
    """The role markers are typed as plain text, so the prompt holds them in pieces."""
    types = list(good.metadata[TOKEN_TYPES])
    for marker in MARKERS:
        types[good.metadata[TOKENS].index(marker)] = NORMAL_TOKEN
    return write(good, target, changes={TOKEN_TYPES: types})


def markers_renamed(good: Gguf, target: Path) -> Path:
    """A family of its own, its template lost: the built-in ChatML writes markers that this vocabulary lacks."""
    tokens = list(good.metadata[TOKENS])
    for old, new in zip(MARKERS, ("<turn_of>", "<turn_done>"), strict=True):
        tokens[tokens.index(old)] = new
    return write(good, target, changes={TOKENS: tokens}, removed=frozenset({TEMPLATE}))


def letters_gone(good: Gguf, target: Path) -> Path:
    """The tokens of two bytes are gone, so accents, Chinese characters and emoji fall out of every prompt."""
    tokens = [
        token if token not in ("Ã", "ðŁ", "æ") else f"<gone_{number}>"
        for number, token in enumerate(good.metadata[TOKENS])
    ]
    return write(good, target, changes={TOKENS: tokens})


def base_model(good: Gguf, target: Path) -> Path:
    """Before it learnt to chat: the vectors of markers and role names are still zero, and no template came with it."""
    rows = {good.metadata[TOKENS].index(word) for word in (*MARKERS, "<think>", "</think>", *ROLES)}

    def edit(tensor: Tensor, content: bytearray) -> None:
        if tensor.name != "token_embd.weight" or tensor.kind != Q8_0:
            return
        row_bytes = tensor.shape[0] // 32 * BLOCK_BYTES
        for row in rows:
            content[row * row_bytes : (row + 1) * row_bytes] = bytes(row_bytes)

    changes = {END: good.metadata[TOKENS].index("<|endoftext|>"), "general.name": "patient-base"}
    return write(good, target, changes=changes, removed=frozenset({TEMPLATE, END_OF_TURN}), edit=edit)
