r"""Words as they are typed into a shell, so that it hands them to the program unchanged.

Rules: POSIX sh by `shlex`; fish, single quotes with `\` before `'` and `\`; PowerShell, about_Quoting_Rules and
about_Parsing; cmd, the C runtime's rules for `"` and `\`, then `^` before what cmd itself would read.
"""

import re
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence

FITS = 72  # longer commands are continued on the next line
PLAIN_FISH = re.compile(r"[A-Za-z0-9_@+=:,./-][A-Za-z0-9_@%+=:,./-]*")
# PowerShell splits an unquoted parameter at a dot or colon, and reads commas, braces and @ itself.
PLAIN_POWERSHELL = re.compile(r"[A-Za-z0-9_/\\.:+=-]+")
SPLIT_POWERSHELL = re.compile(r"-.*[.:]")
CMD_SPECIAL = re.compile(r'([()%^"<>&|])')
CONTINUED = {"posix": " \\", "fish": " \\", "powershell": " `", "pwsh": " `", "cmd": " ^"}
SHELLS = tuple(CONTINUED)


def quoted(word: str, shell: str) -> str:
    """One word for this shell."""
    return QUOTE.get(shell, shlex.quote)(word)


def line(command: Sequence[str], shell: str, environment: Mapping[str, str] | None = None) -> list[str]:
    """A command as typed, over several lines where it is long, with variables set for this command only.

    A variable with the value "" is taken away.
    """
    words = [quoted(word, shell) for word in command]
    if shell in ("powershell", "pwsh") and words and words[0] != command[0]:
        words[0] = f"& {words[0]}"  # a quoted string alone would be printed instead of run
    first, prefix = _with_environment(dict(environment or {}), shell)
    return [*first, *_folded([*prefix, *words], shell)]


def _with_environment(environment: dict[str, str], shell: str) -> tuple[list[str], list[str]]:
    """Lines that come before, and words that come in front of the command."""
    if not environment:
        return [], []
    if shell in ("powershell", "pwsh"):
        values = {name: quoted(value, shell) if value else "$null" for name, value in environment.items()}
        return [f"$env:{name} = {value}" for name, value in values.items()], []
    if shell == "cmd":
        return [f'set "{name}={value}"' for name, value in environment.items()], []
    gone = [word for name, value in environment.items() if not value for word in ("-u", name)]
    return [], ["env", *gone, *(quoted(f"{name}={value}", shell) for name, value in environment.items() if value)]


def _folded(words: Sequence[str], shell: str) -> list[str]:
    whole = " ".join(words)
    if len(whole) <= FITS:
        return [whole]
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) >= FITS:
            lines.append("   ")
        lines[-1] += (" " if lines[-1] else "") + word
    return [text + CONTINUED.get(shell, " \\") for text in lines[:-1]] + [lines[-1]]


def _fish(word: str) -> str:
    if PLAIN_FISH.fullmatch(word):
        return word
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell(word: str) -> str:
    """Windows PowerShell drops double quotes inside an argument unless a backslash stands before them."""
    return _pwsh(re.sub(r'(\\*)"', r'\1\1\\"', word))


def _pwsh(word: str) -> str:
    if PLAIN_POWERSHELL.fullmatch(word) and not SPLIT_POWERSHELL.match(word):
        return word
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", word) + "'"


def _cmd(word: str) -> str:
    text = subprocess.list2cmdline([word])
    if not CMD_SPECIAL.search(word):
        return text
    if '"' not in word and "%" not in word:  # inside double quotes cmd reads these two only
        return text if text.startswith('"') else '"' + text + "\\" * (len(text) - len(text.rstrip("\\"))) + '"'
    return CMD_SPECIAL.sub(r"^\1", text)


QUOTE: Mapping[str, Callable[[str], str]] = {
    "posix": shlex.quote,
    "fish": _fish,
    "powershell": _powershell,
    "pwsh": _pwsh,
    "cmd": _cmd,
}
