"""Compose files changed line by line: only what must, in the form that the file uses."""

import pytest

from doctor.plan.compose import changed_service, diff, service_lines

FILE = """\
# the model server
services:
  web:
    image: ghcr.io/open-webui/open-webui
    environment:
      - OLLAMA_BASE_URL=http://ollama:11434
  ollama:
    image: ollama/ollama
    environment:
      OLLAMA_KEEP_ALIVE: 5m  # five minutes
      OLLAMA_CONTEXT_LENGTH: "2048"
    volumes:
      - models:/root/.ollama

  # the other one
  llama:
    image: ghcr.io/ggml-org/llama.cpp:server
    command: -m /models/m.gguf -c 4096 --host 0.0.0.0
    environment:
    - HF_TOKEN=abc
volumes:
  models:
"""


def changed_lines(before, after):
    return [line for line in diff(before, after, "compose.yaml").splitlines()[2:] if line[:1] in "+-"]


def test_a_variable_of_a_mapping_is_replaced_in_place():
    after = changed_service(FILE, "ollama", {"OLLAMA_CONTEXT_LENGTH": "32768"}, {}, "ollama")
    assert changed_lines(FILE, after) == [
        '-      OLLAMA_CONTEXT_LENGTH: "2048"',
        '+      OLLAMA_CONTEXT_LENGTH: "32768"',
    ]


def test_a_variable_of_a_list_is_added_in_the_lists_form():
    after = changed_service(FILE, "llama", {"LLAMA_ARG_CTX_SIZE": "8192"}, {}, "llama.cpp")
    assert changed_lines(FILE, after) == ["+    - LLAMA_ARG_CTX_SIZE=8192"]
    assert after.splitlines()[-2:] == ["volumes:", "  models:"]


def test_a_variable_is_taken_away():
    after = changed_service(FILE, "ollama", {"OLLAMA_KEEP_ALIVE": ""}, {}, "ollama")
    assert changed_lines(FILE, after) == ["-      OLLAMA_KEEP_ALIVE: 5m  # five minutes"]


def test_a_service_without_an_environment_gets_one():
    text = "services:\n  o:\n    image: ollama/ollama\n"
    after = changed_service(text, "o", {"OLLAMA_KEEP_ALIVE": "-1"}, {}, "ollama")
    assert changed_lines(text, after) == ["+    environment:", '+      OLLAMA_KEEP_ALIVE: "-1"']


def test_an_option_of_a_command_on_one_line():
    after = changed_service(FILE, "llama", {}, {"-c": 32768}, "llama.cpp")
    assert changed_lines(FILE, after) == [
        "-    command: -m /models/m.gguf -c 4096 --host 0.0.0.0",
        "+    command: -m /models/m.gguf -c 32768 --host 0.0.0.0",
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ('    command: ["-c", "4096", "-m", "x"]\n', ['+    command: ["-c", "8192", "-m", "x"]']),
        ('    command:\n      - -c\n      - "4096"\n', ['+      - "8192"']),
        ("    command:\n    - --ctx-size\n    - '4096'\n    - -m\n", ['+    - "8192"']),
    ],
)
def test_an_option_of_a_command_list(command, expected):
    text = f"services:\n  s:\n    image: i\n{command}    ports: []\n"
    after = changed_service(text, "s", {}, {"-c": 8192}, "llama.cpp")
    assert [line for line in changed_lines(text, after) if line.startswith("+")][-1:] == expected
    assert after.endswith("    ports: []\n")


def test_a_service_that_leaves_its_command_to_the_image_gets_the_containers():
    text = "services:\n  s:\n    image: i\n"
    after = changed_service(text, "s", {}, {"-c": 8192}, "llama.cpp", ["-m", "/models/$x.gguf"])
    assert after.endswith('    command: ["-m", "/models/$$x.gguf", "-c", "8192"]\n')


@pytest.mark.parametrize(
    "text",
    [
        "services:\n  s: {image: i}\n",
        "services:\n  s:\n    environment: {A: b}\n",
        "services:\n  s:\n    environment:\n      <<: *common\n",
        "services:\n  other:\n    image: i\n",
        "version: '3'\n",
        "",
    ],
)
def test_a_form_that_is_not_understood_is_left_alone(text):
    assert changed_service(text, "s", {"A": "c"}, {}, "ollama") is None


@pytest.mark.parametrize("command", ["&c -c 1", "|", '["-c", ', '-m "x'])
def test_a_command_that_is_not_understood_is_left_alone(command):
    text = f"services:\n  s:\n    image: i\n    command: {command}\n"
    assert changed_service(text, "s", {}, {"-c": 1}, "llama.cpp") is None


def test_the_lines_of_one_service_are_shown_under_their_heading():
    assert service_lines(FILE, "web").splitlines()[:2] == ["services:", "  web:"]
    assert "ollama:\n" not in service_lines(FILE, "web").replace("ollama:11434", "")
