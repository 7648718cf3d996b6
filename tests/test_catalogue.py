"""The catalogue is whole: every root cause has a playbook, with a cure for each runtime where it can occur."""

import tomllib
from pathlib import Path

import pytest

from doctor.plan.remedies import planned
from doctor.plan.situation import Situation
from doctor.plugins import bundled_playbooks

CAUSES = tomllib.loads((Path(__file__).parent / "data" / "causes.toml").read_text("utf-8"))
MAIN_RUNTIMES = ("ollama", "llama.cpp", "lmstudio", "vllm", "mlx-lm")
# Causes that some runtimes cannot have, and why.
NOT_THERE = {
    "oom-auto-context": (("llama.cpp", "lmstudio", "vllm", "mlx-lm"), "only Ollama chooses a window by the card"),
    "oom-host-prompt-cache": (("lmstudio", "vllm", "mlx-lm"), "only llama.cpp keeps prompts in the host's memory"),
    "oom-mmproj": (("mlx-lm",), "it reads no pictures"),
    "garbage-flash-attn": (("vllm", "mlx-lm"), "their attention kernel is no option"),
    "garbage-metal-oom-silent": (("vllm",), "it does not run on Metal"),
    "drift-context-shift": (("vllm", "mlx-lm"), "they never shift a window"),
    "drift-fit-shrunk": (("ollama", "vllm", "mlx-lm"), "they do not shrink a window to fit"),
    "drift-modelfile-system": (("llama.cpp", "lmstudio", "vllm", "mlx-lm"), "Modelfiles are Ollama's"),
    "drift-v1-ignores-numctx": (("llama.cpp", "lmstudio", "vllm", "mlx-lm"), "their window is set when they start"),
    "slow-keepalive-unload": (("vllm", "mlx-lm"), "they keep their model"),
    "slow-moe-placement": (("vllm", "mlx-lm"), "they place no experts on the processor"),
    "slow-no-flash-attn": (("vllm", "mlx-lm"), "they always use it"),
    "slow-numa": (("lmstudio", "vllm", "mlx-lm"), "they do not compute on two processors"),
    "slow-reload-thrash": (("vllm", "mlx-lm"), "they keep their model"),
    "slow-spec-misset": (("ollama",), "it drafts only where the model brings its own drafter"),
    "slow-threads": (("vllm", "mlx-lm"), "they compute on the card"),
    "slow-backend-kernel": (("mlx-lm",), "it has one set of kernels"),
    "oom-vllm-kv-too-small": (("ollama", "llama.cpp", "lmstudio", "mlx-lm"), "only vLLM keeps such a pool"),
    "oom-mlx-cache-growth": (("ollama", "llama.cpp", "lmstudio", "vllm"), "the cache is MLX's"),
    "oom-tensor-split-uneven": (("vllm", "mlx-lm"), "they split evenly, or not at all"),
    "garbage-forced-grammar": (("ollama", "lmstudio", "vllm", "mlx-lm"), "no option forces one on all requests"),
    "tool-parsing-skipped": (("ollama", "lmstudio", "vllm", "mlx-lm"), "no option switches their parsers off"),
    "oom-swap-thrash": (("vllm",), "it takes its memory from the card when it starts"),
}


@pytest.fixture(scope="module")
def books():
    return {book.id: book for book in bundled_playbooks()}


def test_there_are_123_causes():
    assert sum(map(len, CAUSES.values())) == 123


def test_every_cause_has_a_playbook_in_its_room(books):
    missing = {id_ for ids in CAUSES.values() for id_ in ids} - set(books)
    strayed = {id_ for room, ids in CAUSES.items() for id_ in ids if id_ in books and books[id_].category != room}

    assert missing == set()
    assert strayed == set()


def test_every_remedy_says_what_it_does_and_what_it_risks(books):
    mute = [
        (id_, remedy.say)
        for id_, book in books.items()
        for remedy in book.remedies
        if not (remedy.say and remedy.effect and remedy.steps)
    ]

    assert mute == []


def test_a_remedy_that_changes_settings_says_its_risk(books):
    """A step that restarts the server or changes a variable is never called harmless."""
    bold = [
        (id_, remedy.say)
        for id_, book in books.items()
        for remedy in book.remedies
        if remedy.risk == "none" and any(step.flag or step.environment for step in remedy.steps)
    ]

    assert bold == []


def test_every_playbook_names_threads_or_says_that_it_is_judgement(books):
    baseless = [id_ for id_, book in books.items() if not book.evidence and "judgement" not in book.body]

    assert baseless == []


def test_what_no_check_can_prove_says_what_to_look_at(books):
    """By a command to type, a line of a log, a setting or a comparison, in words of its own."""
    looks = (
        "look",
        "compare",
        "log",
        "`",
        "ask ",
        "try ",
        "run ",
        "by hand",
        "once with",
        "error text",
        "counts fewer",
    )
    helpless = [
        id_
        for id_, book in books.items()
        if not book.proved_by and not any(word in book.body.lower() for word in looks)
    ]

    assert helpless == []


@pytest.mark.parametrize("runtime", MAIN_RUNTIMES)
def test_every_cause_that_a_runtime_can_have_has_a_cure_there(books, runtime):
    bare = {
        id_
        for id_, book in books.items()
        if not {remedy.runtime for remedy in book.remedies} & {runtime, "any", "other"}
    }

    assert bare == {id_ for id_, (runtimes, _) in NOT_THERE.items() if runtime in runtimes}


def test_environment_is_set_the_way_of_each_system(books):
    """systemd, launchd and Windows get their own words where a variable of Ollama is set."""
    for book in books.values():
        for remedy in book.remedies:
            if any(step.environment for step in remedy.steps) and remedy.runtime == "ollama":
                for os, ways in SYSTEMS.items():
                    here = Situation(runtime="ollama", os=os, local=True, values={"model": "m", "window": "8192"})
                    said = str(planned(remedy, here).steps)
                    assert any(way in said for way in ways), (book.id, os, said)


SYSTEMS = {"linux": ("systemctl",), "darwin": ("launchctl",), "windows": ("setx", "HKCU")}
