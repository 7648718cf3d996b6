"""Playbooks about tools: the flags, parsers and fields that their steps name exist, and every cause of the room is met.

Flags as read at llama.cpp@3f545bec (b10573), vLLM 0.32.0 (`vllm serve --help` and vllm/tool_parsers), SGLang@9fec359a,
mlx-lm 0.32.2, Ollama@fb307609.
"""

import re

import msgspec
import pytest

from doctor.model import Category
from doctor.plugins import bundled_playbooks
from doctor.ward import shipped

FLAGS = {
    "llama.cpp": {
        "--no-jinja",
        "--chat-template",
        "--chat-template-file",
        "--reasoning",
        "--parallel",
        "--kv-unified",
        "--skip-chat-parsing",
    },
    "vllm": {
        "--enable-auto-tool-choice",
        "--tool-call-parser",
        "--reasoning-parser",
        "--chat-template",
        "--stream-interval",
        "--help",
    },
    "sglang": {"--tool-call-parser", "--reasoning-parser"},
    "mlx-lm": {"--chat-template"},
    "ollama": {"--template", "--modelfile"},
}
VLLM_PARSERS = {"hermes", "llama3_json", "mistral", "qwen3_coder"}
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]+")
BOOKS = [book for book in bundled_playbooks() if book.category is Category.TOOLS]
# A step for several runtimes may name the flags of each of them.
SHARED = {"llama.cpp", "mlx-lm", "vllm"}


def words(value: object) -> str:
    return msgspec.json.encode(value).decode()


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.id)
def test_every_flag_in_a_step_exists_in_its_runtime(book) -> None:
    for remedy in book.remedies:
        known = set().union(*FLAGS.values()) if remedy.runtime in {"any", "other"} else FLAGS.get(remedy.runtime, set())
        if remedy.runtime in SHARED:
            known = set().union(*(FLAGS[name] for name in SHARED))
        assert set(FLAG.findall(words(remedy.steps))) <= known, (book.id, remedy.runtime)


def test_every_parser_that_is_named_is_one_of_vllms() -> None:
    named = {
        name
        for book in BOOKS
        for remedy in book.remedies
        if remedy.runtime == "vllm"
        for name in re.findall(r"--tool-call-parser:? ([a-z0-9_]+)(?![\w ]* of)", words(remedy.steps))
    }
    assert named <= VLLM_PARSERS | {"and", "for"}
    assert "hermes" in named


def test_every_cause_of_the_room_can_be_proved_and_is_met_in_the_ward() -> None:
    met = {cause for one in shipped() for cause in one.expect.causes}

    assert len(BOOKS) == 20
    assert [book.id for book in BOOKS if not book.proved_by] == []
    assert [book.id for book in BOOKS if book.id not in met] == []


def test_every_playbook_names_the_threads_that_it_rests_on_or_says_that_it_is_a_judgement() -> None:
    thread = re.compile(r"[\w.-]+/[\w.-]+(?:#\d+| \(method\))")
    assert [book.id for book in BOOKS if not book.evidence and "judgement" not in book.body] == []
    assert [book.id for book in BOOKS if not all(map(thread.fullmatch, book.evidence))] == []
