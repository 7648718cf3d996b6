"""Every option and variable that remedies set or name exists: in the real llama.cpp, or in the other engines' sources.

The real llama.cpp server that the xllamacpp wheel carries is read byte by byte: an option that it knows is a string in
it. What the other engines know is data, read from their own sources (tests/data/engine_options.toml).
"""

import functools
import re
import tomllib
from pathlib import Path

import pytest

from doctor.plan.options import SAME_OPTIONS, option, options, variables
from doctor.plugins import bundled_playbooks

DATA = Path(__file__).parent / "data" / "engine_options.toml"
OPTION = re.compile(r"(?<![\w/.-])(--[a-z][\w-]*[a-z0-9])(?![\w*])")
SHORT = re.compile(r"(?<=`)(-[a-z]{1,5})(?=[ `])")
VARIABLE = re.compile(
    r"\b(?:OLLAMA|LLAMA|VLLM|SGLANG|GGML|CUDA|HIP|ROCR|HSA|MLX|LM_STUDIO|OPENAI|CMAKE|RLIMIT)_[A-Z0-9_]+\b"
)
OURS = {"--only", "--target", "--apply", "--depth", "--format", "--questions"}  # of llm-doctor itself
NOT_VARIABLES = {"LLAMA_CPP"}


@functools.cache
def engines():
    return tomllib.loads(DATA.read_text("utf-8"))


@functools.cache
def real_server() -> bytes:
    """The compiled llama.cpp server of the wheel."""
    package = pytest.importorskip("xllamacpp")
    (compiled,) = Path(package.__file__).parent.glob("xllamacpp*.so")
    return compiled.read_bytes()


def in_real_server(word: str) -> bool:
    """A linker may keep `-kvu` only as the end of `-no-kvu`, so the end of a string counts."""
    return word.encode() + b"\0" in real_server()


def spellings(runtime):
    return {name: one for name, one in options(runtime).items() if not one.older}


def test_every_option_of_llama_cpp_is_known_to_the_real_server():
    unknown = [name for name in spellings("llama.cpp") if not in_real_server(name)]
    named = {one.variable for one in spellings("llama.cpp").values() if one.variable}

    assert unknown == []
    assert [name for name in named if not in_real_server(name.replace("LLAMA_ARG_NO_", "LLAMA_ARG_"))] == []


def test_no_remedy_sets_an_option_that_only_older_builds_have():
    """llama.cpp still knows some of their names, to refuse them."""
    older = {name for name, one in options("llama.cpp").items() if one.older}
    set_by = {
        (book.id, name)
        for book in bundled_playbooks()
        for remedy in book.remedies
        for step in remedy.steps
        for name, value in step.flag.items()
        if name in older and value is not False
    }

    assert older
    assert set_by == set()
    assert b"argument has been removed" in real_server()


@pytest.mark.parametrize("runtime", ["vllm", "sglang", "mlx-lm"])
def test_every_option_of_the_other_engines_is_in_their_source(runtime):
    known = set(engines()[runtime]["options"])
    opposite = {f"--no-{name.removeprefix('--')}" for name in known}  # of argparse's switches
    named = {one.variable for one in options(runtime).values() if one.variable}

    assert set(options(runtime)) - known - opposite == set()
    assert named <= set(engines()[runtime].get("variables", ()))


def test_every_variable_of_ollama_is_in_its_source_or_reaches_its_llama_server():
    rest = set(variables("ollama")) - set(engines()["ollama"]["variables"])

    assert {name for name in rest if not (name.startswith("LLAMA_ARG_") and in_real_server(name))} == set()


def everything_said():
    """Every text of every playbook, with its id."""
    for book in bundled_playbooks():
        yield book.id, book.path.read_text("utf-8")


def known_options():
    others = {name for engine in engines().values() for name in engine.get("options", ())}
    switches = {f"--no-{name.removeprefix('--')}" for name in engines()["vllm"]["options"]}
    return others | switches | set(options("koboldcpp")) | set(options("llama.cpp")) | OURS


def test_every_option_that_a_playbook_names_anywhere_exists():
    known = known_options()
    unknown = {
        (id_, name)
        for id_, text in everything_said()
        for name in (*OPTION.findall(text), *SHORT.findall(text))
        if name not in known and not in_real_server(name)
    }

    assert unknown == set()


def test_every_variable_that_a_playbook_names_anywhere_exists():
    known = {name for engine in engines().values() for name in engine.get("variables", ())} | NOT_VARIABLES
    unknown = {
        (id_, name)
        for id_, text in everything_said()
        for name in VARIABLE.findall(text)
        if name not in known and not in_real_server(name)
    }

    assert unknown == set()


def commands():
    return [
        (book.id, step.command)
        for book in bundled_playbooks()
        for remedy in book.remedies
        for step in remedy.steps
        if step.command and step.command[0] in ("ollama", "lms", "llama-server")
    ]


def test_every_command_of_a_remedy_exists_with_its_options():
    wrong = []
    for id_, (program, *words) in commands():
        named = [word for word in words if word.startswith("-")]
        if program == "llama-server":
            wrong += [(id_, name) for name in named if not in_real_server(name)]
            continue
        wrong += [(id_, words[0])] * (words[0] not in engines()[program]["commands"])
        wrong += [(id_, name) for name in named if name not in engines()[program]["options"]]

    assert commands()
    assert wrong == []


def test_a_flag_of_a_step_belongs_to_the_runtime_of_its_remedy():
    wrong = [
        (book.id, remedy.runtime, name)
        for book in bundled_playbooks()
        for remedy in book.remedies
        for step in remedy.steps
        for name in step.flag
        if option(SAME_OPTIONS.get(remedy.runtime, remedy.runtime), name) is None
    ]

    assert wrong == []


@pytest.mark.parametrize("name", ["--ctx-sizes", "--jinjas", "--no-such-option", "-qqq"])
def test_an_invented_option_is_found_out(name):
    assert not in_real_server(name)
    assert name not in known_options()
