"""The wheel as users get it: installed into a fresh environment, started where look-alikes lie in wait.

Nothing is downloaded: the fresh environment sees the packages of the running one, but not the repository.
"""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TRAP = 'raise SystemExit("a look-alike package was imported")\n'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=55,
    )
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def program(wheel, tmp_path_factory):
    """`llm-doctor` of a fresh environment that holds the wheel."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=False)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / Path(sys.executable).name
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(command, check=True, capture_output=True, timeout=55)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return scripts / "llm-doctor"


@pytest.fixture
def trap(tmp_path):
    """A folder with packages named like our plug-in folders, and like us."""
    for name in ("checks", "playbooks", "doctor"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(TRAP)
    return tmp_path


def run(program, trap, *words):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(program), *words], cwd=trap, env=kept, capture_output=True, text=True, timeout=50, check=False
    )


def test_the_wheel_holds_code_plug_ins_schema_and_licence(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {"doctor/schema/report-1.0.json", "doctor/tui/style.tcss"} <= set(names)
    assert any(name.startswith("doctor/_bundled/checks/") for name in names)
    assert any(name.startswith("doctor/_bundled/playbooks/") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("checks/", "playbooks/", "tests/")) or "__pycache__" in name]


def test_every_check_and_playbook_of_the_repository_is_in_the_wheel(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in [*ROOT.glob("checks/*/*.py"), *ROOT.glob("playbooks/*/*.md")]:
        assert f"doctor/_bundled/{path.relative_to(ROOT).as_posix()}" in names


@pytest.mark.parametrize("kind", ["checks", "causes", "patients"])
def test_the_installed_program_finds_its_own_files_among_look_alikes(program, trap, kind):
    ended = run(program, trap, "list", kind)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(ended.stdout.splitlines()) > 3


def test_the_installed_program_diagnoses(program, trap):
    ended = run(program, trap, "check", "--target", "http://127.0.0.1:9", "--format", "json")
    assert "Traceback" not in ended.stderr
    assert ended.returncode in {2, 3}
    assert '"schema_version": "1.0"' in ended.stdout
