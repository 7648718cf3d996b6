"""Nothing but the package `doctor.treat` changes files or processes, read from the source of all other modules."""

import ast
from pathlib import Path

import pytest

DOCTOR = Path(__file__).resolve().parents[2] / "doctor"
# Calls that change a file, a folder or a process.
CHANGES = {
    *("write_text", "write_bytes", "unlink", "rename", "replace", "mkdir", "rmdir", "chmod", "symlink_to", "touch"),
    *("kill", "killpg", "terminate", "Popen", "create_subprocess_exec", "remove", "rmtree", "system", "chown"),
}
# Who else may, and why.
ALLOWED = {
    "cli/output.py": "-o FILE, the file that the user names",
    "tui/saving.py": "a report that the user saves",
    "history.py": "reports that are kept, where the user asked for it",
    "redact/aliases.py": "names of the stable aliases, in a file of ours",
    "stores/qdrant.py": "the lock of a copy",
    "stores/snapshot.py": "a copy of an index, which is opened in its place",
    "collect/command.py": "programs that only tell something, and their end",
}


def changes(source: str) -> list[str]:
    """Calls by name that may change something on the machine."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, receiver = node.func.attr, node.func.value
        if name not in CHANGES:
            continue
        if name == "replace" and (len(node.args) != 1 or node.keywords):
            continue  # a path has one argument to be replaced by; text has two
        if name == "remove" and not (isinstance(receiver, ast.Name) and receiver.id == "os"):
            continue  # of a list
        found.append(f"{ast.unparse(node.func)} in line {node.lineno}")
    return found


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in sorted(DOCTOR.rglob("*.py"))
        if path.relative_to(DOCTOR).parts[0] not in ("treat", "ward", "_bundled")
        and str(path.relative_to(DOCTOR)) not in ALLOWED
    ],
    ids=lambda path: str(path.relative_to(DOCTOR)),
)
def test_a_module_outside_changes_nothing(path):
    assert changes(path.read_text(encoding="utf-8")) == []


def test_the_search_finds_what_it_looks_for():
    assert changes("import os\nos.kill(1, 9)\nPath('x').write_text('y')\n'a'.replace('b', 'c')\n") == [
        "os.kill in line 2",
        "Path('x').write_text in line 3",
    ]
