"""The journal: on the disk before the change, readable by its owner only, and readable after a crash."""

import stat
import sys

import pytest

from doctor.errors import TreatError
from doctor.treat.acts import Did, Doing, Ended, Run, Undid
from doctor.treat.journal import NAME, begun, course, courses, records, reopened, root
from tests.treat.conftest import python

RUN = Run(say="look", command=("/bin/true",))


def test_a_course_is_read_back(tmp_path):
    with begun("drift-x", "Do it.", "http://127.0.0.1:1", tmp_path) as journal:
        journal.write(Doing(number=1, act=RUN))
        journal.write(Did(number=1))
        journal.write(Doing(number=2, act=RUN))
        journal.write(Undid(number=2))
        journal.write(Ended(outcome="fixed"))
    read = course(journal.folder)
    assert (read.began.cause, read.outcome, read.open, read.did) == ("drift-x", "fixed", (1,), {1})
    assert read.acts[1] == RUN


def test_only_its_owner_may_read_it(tmp_path):
    with begun("c", "s", "u", tmp_path / "state") as journal:
        pass
    assert stat.S_IMODE((journal.folder / NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700


def test_a_last_line_that_a_crash_cut_short_is_left_out_and_written_over(tmp_path):
    with begun("c", "s", "u", tmp_path) as journal:
        journal.write(Doing(number=1, act=RUN))
    with (journal.folder / NAME).open("ab") as file:
        file.write(b'{"record":"did","num')
    assert len(records(journal.folder)) == 2
    with reopened(journal.folder) as again:
        again.write(Undid(number=1))
    assert course(journal.folder).open == ()


def test_one_treatment_at_a_time(tmp_path):
    with begun("c", "s", "u", tmp_path), pytest.raises(TreatError, match="under way"), begun("d", "s", "u", tmp_path):
        pass


@pytest.mark.parametrize("content", [b"", b"not json\n", b'{"record":"did","number":1}\n', b'{"record":"other"}\n'])
def test_a_folder_without_a_beginning_is_no_treatment(tmp_path, content):
    with begun("c", "s", "u", tmp_path) as journal:
        pass
    (journal.folder / NAME).write_bytes(content)
    assert courses(tmp_path) == {}
    with pytest.raises(TreatError):
        course(journal.folder)


def test_where_no_journal_can_be_kept_nothing_is_begun(tmp_path):
    (tmp_path / "state").write_text("a file is in the way")
    with pytest.raises(TreatError, match="nothing was changed"), begun("c", "s", "u", tmp_path / "state"):
        pytest.fail("it began without a journal")


def test_names_are_safe_for_the_disk(tmp_path):
    with begun("../../Ü cause", "s", "u", tmp_path) as journal:
        assert journal.folder.parent == tmp_path
        assert set(journal.id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert list(courses(tmp_path)) == [journal.folder]


def test_the_newest_comes_first_and_strange_folders_are_left_out(tmp_path):
    (tmp_path / "other").mkdir()
    with begun("a", "s", "u", tmp_path) as first:
        pass
    first.folder.rename(tmp_path / f"20200101-000000-a-{first.id[-4:]}")
    with begun("b", "s", "u", tmp_path) as second:
        pass
    assert [read.began.cause for read in courses(tmp_path).values()] == ["b", "a"]
    assert next(iter(courses(tmp_path))) == second.folder


def test_the_place_follows_the_environment(tmp_path):
    assert root({"XDG_STATE_HOME": "/s"}) == root({"XDG_STATE_HOME": "/s"}, tmp_path)
    assert root({}, tmp_path) == tmp_path / ".local/state/llm-doctor/treatments"


FULL = """
import resource, signal, sys
from pathlib import Path
from doctor.errors import TreatError
from doctor.treat import files
from doctor.treat.acts import Ended, Doing
from doctor.treat.journal import NAME, begun, course
import asyncio
from doctor.treat.carry_out import do
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
target, place = Path(sys.argv[1]), Path(sys.argv[2])
with begun("drift-x", "Do it.", "http://127.0.0.1:9", place) as journal:
    edit = files.planned(str(target), b"new", journal.folder, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((journal.folder / NAME).stat().st_size + 40, hard))
    try:
        asyncio.run(do(journal, 1, edit, url="http://127.0.0.1:9"))
    except TreatError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    journal.write(Ended(outcome="undone"))
    print(course(journal.folder).outcome, course(journal.folder).open)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_on_a_full_disk_nothing_is_done_that_cannot_be_written_down(tmp_path):
    """The limit on the size of a file stands for a full disk: the record is cut short, and leaves nothing behind."""
    target = tmp_path / "settings"
    target.write_bytes(b"old")
    said = python(FULL, str(target), str(tmp_path / "state"))
    assert "journal.jsonl cannot be written: " in said
    assert "undone ()" in said
    assert target.read_bytes() == b"old"
