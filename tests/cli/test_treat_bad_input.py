"""What goes wrong around a treatment: strange names, a second one at once, Ctrl-C between two steps, a server gone.

On a real engine made ill by its command line or its file; nothing may be lost, and the journal must stay true.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import psutil
import pytest

from doctor.collect import alive
from doctor.collect.process import read_server_process
from doctor.treat.journal import _locked, course, folders
from doctor.ward import engine as ward_engine
from doctor.ward.engine import PATIENT, Settings
from doctor.ward.patients import patient
from doctor.ward.variants import prepared
from tests.cli.test_terminal import begin, read_until, shown
from tests.cli.test_treat import PATIENCE_S, journals, words_of

pytestmark = [
    pytest.mark.ward,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals"),
]
CAUSE = "drift-parallel-share"
TWO_STEPS = "garbage-template-wrong"  # a template is written, then the server started again with it
STRANGE = ["two words", 'it\'s "quoted"', "$(touch pwned) `x` ;&|>", "-kvu", "--model", "line\nbreak", "50% \\ #!~"]


def home_in(folder: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(folder / "state"), "XDG_DATA_HOME": str(folder / "data")}


def exact(sick) -> tuple[str, ...]:
    """The server's command line as the system has it; what is shown of it has no line breaks."""
    return alive.look(read_server_process(int(sick.url.rpartition(":")[2]), "llama.cpp").pid).command


def test_paths_with_strange_names_are_passed_on_as_they_are(doctor, tmp_path):
    """The model's folder and the folder of our own files are called so, one name within the other."""
    place = tmp_path.joinpath(*STRANGE)
    place.mkdir(parents=True)
    model = place / "patient.gguf"
    shutil.copy(PATIENT, model)
    with ward_engine.serving(model, Settings(slots=4)) as sick:
        before = exact(sick)
        ended = doctor("treat", CAUSE, "--target", sick.url, "--apply", "--yes", env=home_in(place))
        assert (ended.returncode, "FIXED" in ended.stdout) == (0, True), ended.stderr
        assert exact(sick) == (*before, "-kvu")
        assert str(model) in before
        assert doctor("undo", env=home_in(place)).returncode == 0
        assert exact(sick) == before
    for folder, name in zip([*reversed(place.parents)][-len(STRANGE) :], STRANGE, strict=True):
        assert [entry.name for entry in folder.iterdir()] == [name]


@pytest.mark.parametrize("name", ["line\nbreak", "x ".join(STRANGE)], ids=["a line break", "all together"])
def test_model_names_with_strange_characters_change_nothing_on_the_way(doctor, tmp_path, name):
    """The server gives its model this name; the examination asks for it by this name."""
    with ward_engine.serving(settings=Settings(slots=4, name=name)) as sick:
        before = words_of(sick)
        ended = doctor("treat", CAUSE, "--target", sick.url, "--apply", "--yes", env=home_in(tmp_path))
        assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr
        assert words_of(sick) == (*before, "-kvu")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["state"]


def test_a_model_that_is_not_there_is_never_part_of_a_command(doctor, tmp_path):
    with ward_engine.serving(settings=Settings(slots=4)) as sick:
        for name in ("--help", "a b", "x\ny", "x;rm -rf ~", "../../etc/passwd", "$(id)"):
            ended = doctor("treat", CAUSE, "--target", sick.url, f"--model={name}", env=home_in(tmp_path))
            assert "Traceback" not in ended.stderr
            assert ended.returncode in (0, 3)
            assert name not in ended.stdout
    assert journals(home_in(tmp_path)) == []


def test_a_second_treatment_at_once_is_refused_and_the_first_not_disturbed(doctor, tmp_path):
    place = tmp_path / "state" / "llm-doctor" / "treatments"
    place.mkdir(parents=True)
    with ward_engine.serving(settings=Settings(slots=4)) as sick, _locked(place):
        before = words_of(sick)
        ended = doctor("treat", CAUSE, "--target", sick.url, "--apply", "--yes", env=home_in(tmp_path))
        assert ended.returncode == 3
        assert "another treatment is under way on this machine" in ended.stderr
        assert words_of(sick) == before
        assert journals(home_in(tmp_path)) == []


def test_a_server_that_ends_before_the_yes_is_left_alone(tmp_path):
    """It is gone between the plan and the consent."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with ward_engine.serving(settings=Settings(slots=4)) as sick:
        process = begin(theirs, "treat", CAUSE, "--target", sick.url, "--apply", "--remedy", "1", env=home_in(tmp_path))
        shown(ours, b"new command line? [y/N]: ")
        server = psutil.Process(sick.pid)
        server.kill()
        server.wait(PATIENCE_S)  # the order to end alone would let the doctor meet it alive
        os.write(ours, b"y\n")
        seen = shown(ours, b"nothing is left changed")
        assert process.wait(PATIENCE_S) == 3
    os.close(ours)
    assert b"Traceback" not in seen
    assert b"nothing is left changed" in seen


def test_ctrl_c_between_two_steps_leaves_a_true_journal_and_a_way_back(doctor, tmp_path):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    home = home_in(tmp_path)
    with (
        prepared(patient("broken-template").variant) as model,
        ward_engine.serving(model) as sick,
    ):
        before = words_of(sick)
        number = two_step_remedy(doctor, sick.url, home)
        words = ["treat", TWO_STEPS, "--target", sick.url, "--apply", "--remedy", str(number)]
        process = begin(theirs, *words, env=home)
        shown(ours, b"[y/N]: ")
        os.write(ours, b"y\n")
        shown(ours, b"new command line? [y/N]: ")
        process.send_signal(signal.SIGINT)
        seen = read_until(ours, b"\x00never")
        assert process.wait(PATIENCE_S) == 130
        os.close(ours)
        assert b"llm-doctor undo " in seen
        (folder,) = folders(tmp_path / "state" / "llm-doctor" / "treatments")
        read = course(folder)
        assert (read.open, read.did, read.outcome) == ((1,), frozenset({1}), "")
        written = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
        assert len(written) == 1
        assert words_of(sick) == before

        ended = doctor("undo", folder.name, env=home)
        assert (ended.returncode, course(folder).open) == (0, ())
        assert not written[0].exists()
        assert words_of(sick) == before


def two_step_remedy(doctor, url, home) -> int:
    """The number of the remedy with two steps that the doctor can do."""
    ended = doctor("check", "--target", url, "--only", "chat-template", "--format", "json", env=home)
    causes = {cause["id"]: cause for cause in json.loads(ended.stdout)["targets"][0]["causes"]}
    steps = [sum(step["automatic"] for step in remedy["steps"]) for remedy in causes[TWO_STEPS]["remedies"]]
    return steps.index(2) + 1
