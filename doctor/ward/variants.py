"""Broken copies of the patient, one named function each: what is wrong with the file, and nothing else.

A function takes the good file's parts and the path to write. Most change metadata only; the weights change in
`weights_*`, and `truncated` and `lfs_pointer` are no usable file at all.
"""

import contextlib
import random
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from doctor.errors import WardError
from doctor.ward.engine import PATIENT
from doctor.ward.gguf_edit import F32, Q8_0, Gguf, Tensor, read, write

Variant = Callable[[Gguf, Path], Path]

TEMPLATE = "tokenizer.chat_template"
TOKENS = "tokenizer.ggml.tokens"
TOKEN_TYPES = "tokenizer.ggml.token_type"  # noqa: S105 - a metadata key
END, END_OF_TURN = "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"
NORMAL_TOKEN = 1
Q8_BLOCK_BYTES = 34  # two bytes of scale, 32 values

# A family's template on a model of another family: [INST] and <<SYS>> are plain words to the patient.
LLAMA2 = (
    "{%- set text = messages[0].content if messages[0].role == 'system' else '' %}"
    "{%- for m in messages if m.role != 'system' %}{%- if m.role == 'user' %}"
    "{{- '[INST] ' + ('<<SYS>>\\n' + text + '\\n<</SYS>>\\n\\n' if loop.first and text else '') }}"
    "{{- m.content + ' [/INST]' }}"
    "{%- else %}{{- ' ' + m.content + ' </s>' }}{%- endif %}{%- endfor %}"
)
TURN = "{{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}"
PROMPT = "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
NO_SYSTEM = "{%- for m in messages if m.role != 'system' %}" + TURN + "{%- endfor %}" + PROMPT
NO_TOOLS = (
    "{%- if messages[0].role != 'system' %}"
    "{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{%- endif %}"
    "{%- for m in messages %}" + TURN + "{%- endfor %}" + PROMPT
)
LAST_ONLY = "{{- '<|im_start|>user\\n' + messages[-1].content + '<|im_end|>\\n<|im_start|>assistant\\n' }}"
ALTERNATE = (
    "{%- for m in messages %}"
    "{%- if m.role == 'system' %}{{- raise_exception('System role not supported') }}{%- endif %}"
    "{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{- raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{%- endif %}"
    + TURN
    + "{%- endfor %}"
    + PROMPT
)
# Put before the good template: tools and all, but no system text and no two questions in a row.
STRICT = (
    "{%- set seen = namespace(role='') %}{%- for m in messages %}"
    "{%- if m.role == 'system' %}{{- raise_exception('System role not supported') }}{%- endif %}"
    "{%- if m.role == 'user' and seen.role == 'user' %}"
    "{{- raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{%- endif %}"
    "{%- set seen.role = m.role %}{%- endfor %}"
)
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 5023392\n"


def template(text: str) -> Variant:
    """The variant whose chat template is `text`."""
    return lambda good, target: write(good, target, changes={TEMPLATE: text})


def template_missing(good: Gguf, target: Path) -> Path:
    """No chat template: llama.cpp falls back to plain ChatML without a word, and tools vanish."""
    return write(good, target, removed=frozenset({TEMPLATE}))


def template_no_generation_prompt(good: Gguf, target: Path) -> Path:
    """The prompt does not open the assistant's turn: answers begin with the word `assistant`."""
    text: str = good.metadata[TEMPLATE]
    return write(good, target, changes={TEMPLATE: text[: text.index("{%- if add_generation_prompt %}")]})


def template_thinking_always(good: Gguf, target: Path) -> Path:
    """The prompt always opens a thought, whatever `enable_thinking` says: short answers are eaten by it."""
    return write(
        good, target, changes={TEMPLATE: _replaced(good, "enable_thinking is defined and enable_thinking", "true")}
    )


def template_thinking_never(good: Gguf, target: Path) -> Path:
    """Not a fault: no thought is ever opened, and the model answers as well."""
    text: str = good.metadata[TEMPLATE]
    start = text.index("    {%- if enable_thinking is defined")
    return write(good, target, changes={TEMPLATE: text[:start] + "{%- endif %}\n"})


def template_strict(good: Gguf, target: Path) -> Path:
    """The good template, but it refuses a system text and two user messages in a row."""
    return write(good, target, changes={TEMPLATE: STRICT + good.metadata[TEMPLATE]})


def template_foreign_calls(good: Gguf, target: Path) -> Path:
    """The template tells of another syntax for calls than the model writes, and the server's parser follows it."""
    text: str = good.metadata[TEMPLATE]
    return write(
        good, target, changes={TEMPLATE: text.replace("<tool_call>", "[CALL]").replace("</tool_call>", "[/CALL]")}
    )


def template_double_encodes(good: Gguf, target: Path) -> Path:
    """Arguments of earlier calls are quoted once more: a text within a text."""
    text: str = good.metadata[TEMPLATE]
    start = text.index("{%- if tool_call.arguments is string %}")
    end = text.index("{{- '}\\n</tool_call>' }}")
    twice = "{{- (tool_call.arguments if tool_call.arguments is string else (tool_call.arguments | tojson)) | tojson }}"
    return write(good, target, changes={TEMPLATE: text[:start] + twice + text[end:]})


def template_no_tool_role(good: Gguf, target: Path) -> Path:
    """Tools are offered and calls are shown, but results are left out of the prompt."""
    text: str = good.metadata[TEMPLATE]
    start = text.index("    {%- elif message.role == 'tool' %}")
    end = text.index("    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}")
    return write(good, target, changes={TEMPLATE: text[:start] + text[end:]})


def eos_unknown(good: Gguf, target: Path) -> Path:
    """The token that ends a turn has an unknown text and is not the end token: answers run on."""
    tokens = list(good.metadata[TOKENS])
    tokens[tokens.index("<|im_end|>")] = "<|turn_over|>"
    text = _replaced(good, "<|im_end|>", "<|turn_over|>")
    changes = {TOKENS: tokens, END: tokens.index("<|endoftext|>"), TEMPLATE: text}
    return write(good, target, changes=changes, removed=frozenset({END_OF_TURN}))


def eos_wrong(good: Gguf, target: Path) -> Path:
    """A wrong end token, its text well known: llama.cpp repairs it by itself, other runtimes do not."""
    end = good.metadata[TOKENS].index("<|endoftext|>")
    return write(good, target, changes={END: end}, removed=frozenset({END_OF_TURN}))


def markers_normal(good: Gguf, target: Path) -> Path:
    """The role markers are typed as plain text, so the prompt holds them in pieces."""
    types = list(good.metadata[TOKEN_TYPES])
    for marker in ("<|im_start|>", "<|im_end|>"):
        types[good.metadata[TOKENS].index(marker)] = NORMAL_TOKEN
    return write(good, target, changes={TOKEN_TYPES: types})


def value(name: str, new: Any) -> Variant:  # noqa: ANN401 - a metadata value has any type
    """The variant with one metadata value changed."""
    return lambda good, target: write(good, target, changes={name: new})


def weights_nan(good: Gguf, target: Path) -> Path:
    """One norm holds not-a-number values: the answer is a flood of one glyph."""

    def edit(tensor: Tensor, content: bytearray) -> None:
        if tensor.name == "blk.2.ffn_norm.weight" and tensor.kind == F32:
            content[:] = struct.pack("<f", float("nan")) * (len(content) // 4)

    return write(good, target, edit=edit)


def weights_noise(good: Gguf, target: Path, share: float = 0.02) -> Path:
    """Some bytes of every matrix are random, the scales are kept: mild damage that is hard to see."""
    chance = random.Random(0)  # noqa: S311 - noise, the same each time

    def edit(tensor: Tensor, content: bytearray) -> None:
        if tensor.kind != Q8_0:
            return
        for _ in range(int(len(content) * share)):
            place = chance.randrange(len(content))
            if place % Q8_BLOCK_BYTES >= 2:
                content[place] = chance.randrange(256)

    return write(good, target, edit=edit)


def truncated(good: Gguf, target: Path) -> Path:
    """The file ends after two thirds."""
    content = good.path.read_bytes()
    target.write_bytes(content[: len(content) * 2 // 3])
    return target


def lfs_pointer(_good: Gguf, target: Path) -> Path:
    """The text that Git LFS leaves in place of a file that was not downloaded."""
    target.write_text(POINTER, encoding="utf-8")
    return target


VARIANTS: dict[str, Variant] = {
    "template_llama2": template(LLAMA2),
    "template_missing": template_missing,
    "template_no_generation_prompt": template_no_generation_prompt,
    "template_no_system": template(NO_SYSTEM),
    "template_no_tools": template(NO_TOOLS),
    "template_last_only": template(LAST_ONLY),
    "template_alternate": template(ALTERNATE),
    "template_strict": template_strict,
    "template_foreign_calls": template_foreign_calls,
    "template_double_encodes": template_double_encodes,
    "template_no_tool_role": template_no_tool_role,
    "template_does_not_parse": template("{% if messages }}"),
    "template_literal": template("llama2"),
    "template_thinking_always": template_thinking_always,
    "template_thinking_never": template_thinking_never,
    "eos_unknown": eos_unknown,
    "eos_wrong": eos_wrong,
    "markers_normal": markers_normal,
    "pretokenizer_wrong": value("tokenizer.ggml.pre", "default"),
    "rope_wrong": value("llama.rope.freq_base", 500.0),
    "rope_slightly_wrong": value("llama.rope.freq_base", 10_000.0),
    "context_short": value("llama.context_length", 512),
    "weights_nan": weights_nan,
    "weights_noise": weights_noise,
    "truncated": truncated,
    "lfs_pointer": lfs_pointer,
}


@contextlib.contextmanager
def prepared(name: str, good: Path = PATIENT) -> Iterator[Path]:
    """The variant's file for the time of a `with` block; "" is the patient as it is. Raises WardError."""
    if not name:
        yield good
        return
    if name not in VARIANTS:
        raise WardError(f"there is no variant {name!r}; there are: {', '.join(VARIANTS)}")
    with tempfile.TemporaryDirectory(prefix="llm-doctor-ward-", ignore_cleanup_errors=True) as folder:
        yield VARIANTS[name](read(good), Path(folder) / f"{name}.gguf")


def _replaced(good: Gguf, old: str, new: str) -> str:
    text: str = good.metadata[TEMPLATE]
    if old not in text:
        raise WardError(f"the patient's template has no {old!r} to replace")
    return text.replace(old, new)
