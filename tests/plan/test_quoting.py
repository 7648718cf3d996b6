"""Words quoted for a shell reach the program unchanged: real shells where they are installed, else their rules."""

import re
import shutil
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doctor.plan.quoting import line, quoted

ECHO = "import sys; sys.stdout.write('\\0'.join(sys.argv[1:]))"
AWKWARD = [
    "plain",
    "",
    "two words",
    "it's",
    'say "hi"',
    "$HOME `id` $(id)",
    "back\\slash\\",
    'end\\"',
    "C:\\Program Files\\x\\",
    "~",
    "*?[a]",
    "a;b&c|d>e<f",
    "%PATH%",
    "!history!",
    "#comment",
    "{a,b}",
    "-c",
    "--kw={'a': \"b\"}",
    '{"enable_thinking": false}',
    "ünï→",
    "^caret",
    "@splat",
    "a,b",
    "-x.y",
    "tab\there",
]
WORDS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=12), max_size=8)


def through(shell: list[str], words: list[str], kind: str) -> list[str]:
    """The words as a program gets them that this shell starts."""
    command = " ".join(quoted(word, kind) for word in [sys.executable, "-c", ECHO, *words])
    ended = subprocess.run([*shell, command], capture_output=True, check=True)
    return ended.stdout.decode("utf-8", "surrogateescape").split("\0") if words else []


@pytest.mark.parametrize(
    ("program", "kind"), [("sh", "posix"), ("bash", "posix"), ("zsh", "posix"), ("dash", "posix"), ("fish", "fish")]
)
def test_awkward_words_pass_a_real_shell_unchanged(program, kind):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    shell = [program, "--no-config", "-c"] if program == "fish" else [program, "-c"]
    assert through(shell, AWKWARD, kind) == AWKWARD


@given(WORDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_words_pass_sh_unchanged(words):
    assert through(["sh", "-c"], words, "posix") == words


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@given(WORDS)
@settings(max_examples=25, deadline=None)
def test_any_words_pass_fish_unchanged(words):
    assert through(["fish", "--no-config", "-c"], words, "fish") == words


def c_runtime(text: str) -> list[str]:
    """Arguments as the Microsoft C runtime reads a command line (documented rules of `argv` parsing)."""
    words: list[str] = []
    word, inside, given_, index = "", False, False, 0
    while index < len(text):
        slashes = re.match(r"\\*", text[index:]).group()
        index += len(slashes)
        following = text[index : index + 1]
        if following == '"':
            word += "\\" * (len(slashes) // 2)
            given_ = True
            if len(slashes) % 2:
                word += '"'
            else:
                inside = not inside
            index += 1
            continue
        word += slashes
        given_ = given_ or bool(slashes)
        if following and (inside or following not in " \t"):
            word, given_ = word + following, True
        elif given_:
            words.append(word)
            word, given_ = "", False
        index += 1
    return [*words, word] if given_ else words


def cmd(text: str) -> str:
    """A line as cmd.exe hands it on: carets outside double quotes are taken, a bare special character is a fault."""
    passed, inside, index = "", False, 0
    while index < len(text):
        sign = text[index]
        if sign == "^" and not inside:
            index += 1
            passed += text[index : index + 1]
        else:
            inside ^= sign == '"'
            assert inside or sign not in "&|<>()", text
            assert sign != "%", text
            passed += sign
        index += 1
    return passed


def test_words_for_cmd_survive_cmd_and_the_c_runtime():
    assert c_runtime(cmd(" ".join(quoted(word, "cmd") for word in AWKWARD))) == AWKWARD


@given(WORDS)
def test_any_words_for_cmd_survive(words):
    assert c_runtime(cmd(" ".join(quoted(word, "cmd") for word in words))) == words


def powershell(word: str) -> str:
    """A PowerShell argument as its parser reads it: bare, or a single-quoted string."""
    if not word.startswith("'"):
        assert re.fullmatch(r"[\w/\\.:+=-]+", word, re.ASCII), word
        return word
    return re.sub("(['\u2018\u2019\u201a\u201b])\\1", r"\1", word[1:-1])


def test_words_for_powershell_are_read_back():
    assert [powershell(quoted(word, "pwsh")) for word in AWKWARD] == AWKWARD


def test_windows_powershell_needs_a_backslash_before_a_double_quote():
    assert quoted('{"a": 1}', "powershell") == "'{\\\"a\\\": 1}'"
    assert quoted('{"a": 1}', "pwsh") == "'{\"a\": 1}'"


@pytest.mark.parametrize(
    ("shell", "lines"),
    [
        ("posix", ["env -u B 'A=x y' ollama serve"]),
        ("fish", ["env -u B 'A=x y' ollama serve"]),
        ("powershell", ["$env:A = 'x y'", "$env:B = $null", "ollama serve"]),
        ("cmd", ['set "A=x y"', 'set "B="', "ollama serve"]),
    ],
)
def test_variables_are_set_and_taken_away_in_the_shells_own_way(shell, lines):
    assert line(["ollama", "serve"], shell, {"A": "x y", "B": ""}) == lines


def test_a_quoted_program_is_called_not_printed_by_powershell():
    assert line(["C:\\Program Files\\llama-server.exe", "-c", "8"], "pwsh") == [
        "& 'C:\\Program Files\\llama-server.exe' -c 8"
    ]


def test_a_long_command_goes_on_in_the_next_line():
    lines = line(["llama-server", *(["--override-kv", "tokenizer.ggml.eos_token_id=int:1"] * 3)], "posix")
    assert len(lines) > 1
    assert all(text.endswith(" \\") for text in lines[:-1])
