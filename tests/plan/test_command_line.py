"""A command line with options changed: every spelling, nothing else moved."""

import pytest

from doctor.plan.command_line import changed, is_known, is_set, variables_in_the_way

SERVER = ("llama-server", "-m", "m.gguf", "-c", "4096", "-np", "4")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"-c": 32768}, "llama-server -m m.gguf -c 32768 -np 4"),
        ({"--ctx-size": "32768"}, "llama-server -m m.gguf -c 32768 -np 4"),
        ({"-np": 1}, "llama-server -m m.gguf -c 4096 -np 1"),
        ({"-np": False}, "llama-server -m m.gguf -c 4096"),
        ({"-kvu": True}, "llama-server -m m.gguf -c 4096 -np 4 -kvu"),
        ({"-ngl": "all", "-fa": "on"}, "llama-server -m m.gguf -c 4096 -np 4 -ngl all -fa on"),
        ({"--api-key": False}, "llama-server -m m.gguf -c 4096 -np 4"),
    ],
)
def test_an_option_keeps_its_place_and_spelling(flags, expected):
    assert " ".join(changed(SERVER, flags, "llama.cpp")) == expected


def test_of_an_option_given_twice_one_is_left():
    command = ("llama-server", "-c", "2048", "--ctx-size", "4096", "-m", "x")
    assert changed(command, {"-c": 8192}, "llama.cpp") == ("llama-server", "-c", "8192", "-m", "x")


def test_a_switch_takes_its_opposite_away():
    command = ("llama-server", "--no-jinja", "-m", "x")
    assert changed(command, {"--jinja": True}, "llama.cpp") == ("llama-server", "-m", "x", "--jinja")
    assert changed(("llama-server", "--context-shift"), {"--context-shift": False}, "llama.cpp") == ("llama-server",)
    assert changed(command, {"--jinja": False}, "llama.cpp") == command
    assert changed(command, {"--no-jinja": False}, "llama.cpp") == ("llama-server", "-m", "x")


def test_a_value_that_looks_like_the_option_is_left_alone():
    command = ("llama-server", "--alias", "-c", "-c", "4096")
    assert changed(command, {"--alias": "house"}, "llama.cpp") == ("llama-server", "--alias", "house", "-c", "4096")


def test_a_value_behind_an_equals_sign_stays_there():
    command = ("vllm", "serve", "m", "--max_model_len=4096")
    assert changed(command, {"--max-model-len": 32768}, "vllm")[-1] == "--max_model_len=32768"


def test_values_of_an_option_that_counts_once_are_joined():
    command = ("llama-server", "--override-kv", "a=int:1,b=int:2")
    assert changed(command, {"--override-kv": "b=int:3"}, "llama.cpp")[-1] == "a=int:1,b=int:3"
    assert changed(SERVER, {"--override-kv": "b=int:3"}, "llama.cpp")[-2:] == ("--override-kv", "b=int:3")


def test_an_option_at_the_very_end_without_its_value_is_completed():
    assert changed(("llama-server", "-c"), {"-c": 4096}, "llama.cpp") == ("llama-server", "-c", "4096")


def test_variables_that_would_bring_an_option_back_are_unset():
    variables = {"LLAMA_ARG_CHAT_TEMPLATE": "llama2", "LLAMA_ARG_NO_JINJA": "1", "OTHER": "x"}
    flags = {"--chat-template": False, "--no-jinja": False, "-c": 4096}
    assert variables_in_the_way(variables, flags, "llama.cpp") == {
        "LLAMA_ARG_CHAT_TEMPLATE": "",
        "LLAMA_ARG_NO_JINJA": "",
    }


def test_an_option_is_set_by_any_spelling_or_by_its_variable():
    assert is_set(SERVER, {}, "--ctx-size", "llama.cpp")
    assert is_set((), {"LLAMA_ARG_CTX_SIZE": "1"}, "-c", "llama.cpp")
    assert is_set((), {"OLLAMA_KEEP_ALIVE": "0"}, "OLLAMA_KEEP_ALIVE", "ollama")
    assert not is_set(SERVER, {}, "-ngl", "llama.cpp")


def test_an_option_of_older_builds_only_is_never_set():
    assert is_known("llama.cpp", "--jinja")
    assert not is_known("llama.cpp", "--mlock")
    assert not is_known("llama.cpp", "--ctx-length")
