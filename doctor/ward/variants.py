"""Broken copies of the patient, one named function each: what is wrong with the file, and nothing else.

A function takes the good file's parts and the path to write. Most change metadata only; `weight_damage` changes
weights, and `truncated` and `lfs_pointer` are no usable file at all.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from doctor.errors import WardError
from doctor.ward import vocabulary_damage, weight_damage
from doctor.ward.engine import PATIENT
from doctor.ward.gguf_edit import Gguf, read, write

Variant = Callable[[Gguf, Path], Path]

TEMPLATE = "tokenizer.chat_template"

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


def value(name: str, new: Any) -> Variant:  # noqa: ANN401 - a metadata value has any type
    """The variant with one metadata value changed."""
    return lambda good, target: write(good, target, changes={name: new})


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
    "template_does_not_parse": template("{% if messages }}"),
    "template_literal": template("llama2"),
    "template_thinking_always": template_thinking_always,
    "template_thinking_never": template_thinking_never,
    "eos_unknown": vocabulary_damage.eos_unknown,
    "eos_wrong": vocabulary_damage.eos_wrong,
    "markers_normal": vocabulary_damage.markers_normal,
    "markers_renamed": vocabulary_damage.markers_renamed,
    "two_starts": vocabulary_damage.two_starts,
    "letters_gone": vocabulary_damage.letters_gone,
    "base_model": vocabulary_damage.base_model,
    "pretokenizer_wrong": value("tokenizer.ggml.pre", "default"),
    "rope_wrong": value("llama.rope.freq_base", 500.0),
    "rope_slightly_wrong": value("llama.rope.freq_base", 10_000.0),
    "context_short": value("llama.context_length", 512),
    "weights_nan": weight_damage.not_numbers,
    "weights_noise": weight_damage.noise,
    "weights_holes": weight_damage.holes,
    "weights_flipped": weight_damage.flipped_bits,
    "weights_few_bits": weight_damage.few_bits,
    "weights_quantised_to_death": weight_damage.quantised_to_death,
    "weights_key_outliers": weight_damage.key_outliers,
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
