"""Check files from folders: a good one runs, a bad one is a crashed check and the rest goes on."""

import ast
import sys
from pathlib import Path

import pytest

from doctor.errors import PluginError
from doctor.model import Category, Depth, Status
from doctor.plugins import bundled_checks, bundled_playbooks, load_check, load_checks, load_playbooks
from doctor.runner import run_check
from tests.given import given

GOOD = '''"""A title.

What: something.
"""
from doctor.api import Context, Depth, Memory, Severity, Symptom, Verdict, reported, seen, verdict

DEPTH = Depth.PASSIVE
LOW = Symptom(id="low", title="low", severity=Severity.WARNING)


async def check(context: Context) -> Verdict:
    memory = await context.fact(Memory)
    return verdict(measured=[reported("RAM", memory.total_bytes, "B")])
'''


def plug_in(folder: Path, name: str, text: str) -> Path:
    path = folder / "checks" / "memory" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_users_check_is_loaded_beside_the_bundled_ones(tmp_path: Path) -> None:
    plug_in(tmp_path, "mine", GOOD)

    (mine,) = [check for check in load_checks([tmp_path]) if check.id == "mine"]

    assert mine.title == "A title"
    assert mine.depth is Depth.PASSIVE
    assert mine.category is Category.MEMORY
    assert mine.origin == str(tmp_path)
    assert [symptom.id for symptom in mine.symptoms] == ["low"]
    assert len(load_checks([tmp_path])) == len(bundled_checks()) + 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def broken(:", "SyntaxError"),
        ('"""T."""\nraise RuntimeError("no licence")', "no licence"),
        ('"""T."""\nimport sys\nsys.exit(0)', "SystemExit"),
        ('"""T."""\n', "async def check"),
        ("async def check(context):\n    return None\n", "docstring"),
    ],
)
async def test_a_file_that_cannot_be_used_is_a_crashed_check(tmp_path: Path, text: str, reason: str) -> None:
    check = load_check(plug_in(tmp_path, "broken", text), Category.MEMORY, "user")

    result = await run_check(check, given([]))

    assert result.status is Status.CRASHED
    assert reason in result.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("    raise KeyError('x')", "KeyError"),
        ("    return True", "Verdict"),
        ("    return verdict()", "measurement"),
        ("    return verdict(seen(Symptom(id='other', title='o'), 's', 's', reported('a', 1)))", "other"),
    ],
)
async def test_a_check_that_misbehaves_is_a_crashed_check(tmp_path: Path, body: str, reason: str) -> None:
    text = GOOD.partition("    memory =")[0] + body + "\n"
    check = load_check(plug_in(tmp_path, "odd", text), Category.MEMORY, "user")

    result = await run_check(check, given([]))

    assert result.status is Status.CRASHED
    assert reason in result.reason


async def test_a_missing_fact_skips_the_check_with_its_reason(tmp_path: Path) -> None:
    check = load_check(plug_in(tmp_path, "mine", GOOD), Category.MEMORY, "user")

    result = await run_check(check, given([]))

    assert result.status is Status.SKIPPED
    assert "memory" in result.reason


def test_a_folder_without_plug_ins_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="neither"):
        load_checks([tmp_path])


@pytest.mark.parametrize("place", ["playbooks/mine.md", "playbooks/windows/mine.md", "checks/mine.py"])
def test_a_file_that_would_not_be_read_is_an_error(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text("")
    with pytest.raises(PluginError, match="would not be read: it belongs into a folder called one of connect, "):
        load_playbooks([tmp_path])
    path.rename(path.with_name(f"_{path.name}"))
    assert load_playbooks([tmp_path]) == bundled_playbooks()


def test_bundled_checks_import_the_api_and_the_standard_library_only() -> None:
    for check in bundled_checks():
        tree = ast.parse(check.path.read_text(encoding="utf-8"))
        named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        named |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        foreign = {name for name in named if name.partition(".")[0] not in sys.stdlib_module_names}
        assert foreign <= {"doctor.api"}, check.id


def test_bundled_checks_are_short_and_explain_themselves() -> None:
    for check in bundled_checks():
        assert check.broken == ""
        assert check.symptoms, check.id
        assert len(check.path.read_text(encoding="utf-8").splitlines()) <= 100, check.id
        for part in ("What:", "Why:", "How:", "Limits:"):
            assert part in check.doc, (check.id, part)
