"""Broken copies of the patient by name: what is wrong with the file, and nothing else.

A variant takes the good file's parts and the path to write. `template_damage` and `vocabulary_damage` change metadata,
`weight_damage` weights; `truncated` and `lfs_pointer` are no usable file at all.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from doctor.errors import WardError
from doctor.ward import template_damage, vocabulary_damage, weight_damage
from doctor.ward.engine import PATIENT
from doctor.ward.gguf_edit import Gguf, read, write

Variant = Callable[[Gguf, Path], Path]

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 5023392\n"


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
    "template_llama2": template_damage.written(template_damage.LLAMA2),
    "template_missing": template_damage.missing,
    "template_no_generation_prompt": template_damage.no_generation_prompt,
    "template_no_system": template_damage.written(template_damage.NO_SYSTEM),
    "template_no_tools": template_damage.written(template_damage.NO_TOOLS),
    "template_last_only": template_damage.written(template_damage.LAST_ONLY),
    "template_alternate": template_damage.written(template_damage.ALTERNATE),
    "template_strict": template_damage.strict,
    "template_foreign_calls": template_damage.foreign_calls,
    "template_double_encodes": template_damage.double_encodes,
    "template_no_tool_role": template_damage.no_tool_role,
    "template_does_not_parse": template_damage.written("{% if messages }}"),
    "template_literal": template_damage.written("llama2"),
    "template_system_first": template_damage.system_first,
    "template_chatty": template_damage.chatty,
    "template_unusual": template_damage.written(template_damage.UNUSUAL),
    "template_thinking_always": template_damage.thinking_always,
    "template_thinking_never": template_damage.thinking_never,
    "eos_unknown": vocabulary_damage.eos_unknown,
    "eos_wrong": vocabulary_damage.eos_wrong,
    "markers_normal": vocabulary_damage.markers_normal,
    "markers_renamed": vocabulary_damage.markers_renamed,
    "two_starts": vocabulary_damage.two_starts,
    "letters_gone": vocabulary_damage.letters_gone,
    "base_model": vocabulary_damage.base_model,
    "pretokenizer_wrong": value("tokenizer.ggml.pre", "default"),
    "pretokenizer_foreign": value("tokenizer.ggml.pre", "llama-bpe"),
    "rope_wrong": value("llama.rope.freq_base", 500.0),
    "rope_slightly_wrong": value("llama.rope.freq_base", 10_000.0),
    "context_short": value("llama.context_length", 512),
    "context_long": value("llama.context_length", 16384),
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
