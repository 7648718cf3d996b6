"""Write the generated parts of README.md; with --check only say whether they are up to date.

    python scripts/readme.py [--check | --session]

A part stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`. Tables come from the code. The ward's
results and the example session take minutes or differ from run to run, so they are recorded in `docs/` (`make ward`,
and --session here) and copied from there.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

import click

from doctor.cli import exits, listing
from doctor.cli.main import program
from doctor.cli.options import CONTEXT

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
SESSION = ROOT / "docs" / "session.txt"
WARD = ROOT / "docs" / "ward.md"
SESSION_PATIENT = "half-window"
HELP = {**CONTEXT, "terminal_width": 80}
PART = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end: (?P=name) -->)", re.DOTALL)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def by_category(rows: list[listing.Row], head: list[str], cells: Callable[[listing.Row], list[object]]) -> str:
    """One table a category, each under its name."""
    parts = [
        f"**{category}**\n\n{table(head, map(cells, group))}"
        for category, group in groupby(rows, key=lambda row: str(row["category"]))
    ]
    return "\n".join(parts)


def checks() -> str:
    """All checks."""
    return by_category(
        listing.checks(), ["check", "it holds that", "depth"], lambda row: [code(row["id"]), row["title"], row["depth"]]
    )


def causes() -> str:
    """All root causes, folded, because they are many."""
    rows = listing.causes()
    tables = by_category(
        rows, ["cause", "what it is", "severity"], lambda row: [code(row["id"]), row["title"], row["severity"]]
    )
    return f"<details>\n<summary>All {len(rows)} causes</summary>\n\n{tables}\n</details>\n"


def runtimes() -> str:
    """Runtimes, those with an adapter of their own first."""
    rows = sorted(listing.runtimes(), key=lambda row: not row["note"])
    return table(
        ["runtime", "how it is read", "facts that it is asked for"],
        (
            [row["title"], row["note"] or "through its OpenAI-compatible interface", ", ".join(words(row["facts"]))]
            for row in rows
        ),
    )


def patients() -> str:
    """The ward's patients."""
    rows = listing.patients()
    return table(
        ["patient", "what it has", "cause to be found", "exit code"],
        (
            [code(row["id"]), row["title"], ", ".join(map(code, words(row["causes"]))) or "none", row["exit_code"]]
            for row in rows
        ),
    )


def exit_codes() -> str:
    """The exit codes of the contract."""
    return table(["code", "meaning"], exits.MEANINGS.items())


def help_page(*words: str) -> str:
    """The --help text of a command."""
    name = " ".join(["llm-doctor", *words])
    context = click.Context(program, info_name="llm-doctor", **HELP)
    command: click.Command = program
    for word in words:
        command = program.get_command(context, word) or program
        context = click.Context(command, info_name=word, parent=context, **HELP)
    return f"```text\n$ {name} --help\n{command.get_help(context)}\n```\n"


def index_patients() -> str:
    """The ward of indexes, which the tests diagnose."""
    sys.path.insert(0, str(ROOT))
    from tests.rag.patients import HEALTHY, SICK

    rows = [[code(one.id), one.store, ", ".join(map(code, one.causes)) or "none"] for one in (*SICK, *HEALTHY)]
    head = f"{len(SICK)} ill and {len(HEALTHY)} healthy indexes"
    return (
        f"<details>\n<summary>{head}</summary>\n\n{table(['index', 'store', 'cause to be found'], rows)}\n</details>\n"
    )


def session() -> str:
    """The recorded example."""
    return f"```text\n{SESSION.read_text(encoding='utf-8')}```\n" if SESSION.is_file() else ""


def ward() -> str:
    """The recorded results of the ward."""
    return WARD.read_text(encoding="utf-8") if WARD.is_file() else ""


def code(text: object) -> str:
    """Text as code."""
    return f"`{text}`"


def words(value: object) -> list[str]:
    """A row's list as words."""
    return [str(word) for word in value] if isinstance(value, list) else []


PARTS: dict[str, Callable[[], str]] = {
    "checks": checks,
    "causes": causes,
    "runtimes": runtimes,
    "patients": patients,
    "exit-codes": exit_codes,
    "help": help_page,
    "help-check": lambda: help_page("check"),
    "help-rag": lambda: help_page("rag"),
    "index-patients": index_patients,
    "session": session,
    "ward": ward,
}


def generated(text: str) -> str:
    """The page with every part written anew. Raises KeyError for a part that nothing generates."""
    return PART.sub(lambda match: f"{match[1]}\n{PARTS[match['name']]()}\n{match[3]}", text)


def record_session() -> None:
    """Diagnose a patient and keep what was printed."""
    command = [sys.executable, "-m", "doctor", "demo", SESSION_PATIENT]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if ended.returncode not in (exits.WARNING, exits.CRITICAL):
        sys.exit(f"the example session ended with {ended.returncode}: {ended.stderr}")
    lines = ended.stdout.splitlines(keepends=True)
    # The reasons of what was not evaluated follow; they are long and differ from machine to machine.
    end = next((number for number, line in enumerate(lines, 1) if line.startswith("Checks: ")), len(lines))
    SESSION.parent.mkdir(exist_ok=True)
    SESSION.write_text(f"$ llm-doctor demo {SESSION_PATIENT}\n{''.join(lines[:end])}", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write, or compare."""
    if "--session" in arguments:
        record_session()
    old = README.read_text(encoding="utf-8")
    new = generated(old)
    if "--check" in arguments:
        if old != new:
            sys.stderr.write("README.md is not up to date; run: make readme\n")
        return int(old != new)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
