"""Write the generated parts of README.md and of the pages in docs/; with --check only say whether they are current.

    python scripts/readme.py [--check | --session]

A part stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`. Tables come from the code. The ward's
results and the example session take long or differ from run to run, so they are recorded in `docs/` (`make ward`,
and --session here) and copied from there.
"""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

import click

from doctor.cli import exits, listing
from doctor.cli.main import program
from doctor.cli.options import CONTEXT

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/checks.md", "docs/causes.md", "docs/commands.md")
SESSION = ROOT / "docs" / "session.txt"
WARD = ROOT / "docs" / "ward.md"
WARD_FUZZ = ROOT / "docs" / "ward-fuzz.md"
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
        f"## {category}\n\n{table(head, map(cells, group))}"
        for category, group in groupby(rows, key=lambda row: str(row["category"]))
    ]
    return "\n".join(parts)


def checks() -> str:
    """All checks."""
    return by_category(
        listing.checks(), ["check", "it holds that", "depth"], lambda row: [code(row["id"]), row["title"], row["depth"]]
    )


def causes() -> str:
    """All root causes."""
    return by_category(
        listing.causes(),
        ["cause", "what it is", "severity", "proved by"],
        lambda row: [code(row["id"]), row["title"], row["severity"], proof(row["proved_by"])],
    )


def proof(groups: object) -> str:
    """The groups of symptoms, any of which proves a cause."""
    if not isinstance(groups, list) or not groups:
        return "people: the playbook says how to look"
    return " or ".join(" and ".join(map(code, group)) for group in groups)


def counts() -> str:
    """How many checks and causes there are, by category."""
    known = Counter(str(row["category"]) for row in listing.causes())
    provable = Counter(str(row["category"]) for row in listing.causes() if row["proved_by"])
    rows = listing.checks()
    return table(
        ["category", "checks", "causes known", "of these, proved by checks"],
        (
            [category, len(list(group)), known[category], provable[category]]
            for category, group in groupby(rows, key=lambda row: str(row["category"]))
        ),
    )


def runtimes() -> str:
    """Runtimes with an adapter of their own as a table, the others in a sentence."""
    rows = listing.runtimes()
    own = [row for row in rows if row["note"]]
    others = ", ".join(str(row["title"]) for row in rows if not row["note"])
    facts = table(["runtime", "facts that it is asked for"], ([r["title"], ", ".join(words(r["facts"]))] for r in own))
    return f"{facts}\nTold apart, and read through their OpenAI-compatible interface: {others}.\n"


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


def help_pages() -> str:
    """The --help text of the program and of every command."""
    context = click.Context(program, info_name="llm-doctor", **HELP)
    pages = [help_page(), *(f"## {name}\n\n{help_page(name)}" for name in program.list_commands(context))]
    return "\n".join(pages)


def commands() -> str:
    """Every command with the first sentence of its help."""
    context = click.Context(program, info_name="llm-doctor", **HELP)
    known = [(name, program.get_command(context, name)) for name in program.list_commands(context)]
    return table(["command", "what it does"], ([code(name), one.get_short_help_str(200)] for name, one in known if one))


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


def recorded(page: Path) -> str:
    """What a long run wrote."""
    return page.read_text(encoding="utf-8") if page.is_file() else ""


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
    "commands": commands,
    "counts": counts,
    "help": help_pages,
    "index-patients": index_patients,
    "session": session,
    "ward": lambda: recorded(WARD),
    "ward-fuzz": lambda: recorded(WARD_FUZZ),
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
    stale = []
    for name in PAGES:
        page = ROOT / name
        old = page.read_text(encoding="utf-8")
        new = generated(old)
        if old != new:
            stale.append(name)
            if "--check" not in arguments:
                page.write_text(new, encoding="utf-8")
    if stale and "--check" in arguments:
        sys.stderr.write(f"not up to date: {', '.join(stale)}; run: make readme\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
