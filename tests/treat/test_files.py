"""Files changed whole, with mode, owner and links kept, and put back byte for byte."""

import os
import resource
import stat
from pathlib import Path

import pytest

from doctor.errors import TreatError
from doctor.treat import files
from tests.treat.conftest import python

OLD, NEW = b"old\r\nlines without an end", b"[Service]\nEnvironment=A=1\n"


@pytest.fixture
def kept(tmp_path):
    """The treatment's folder."""
    folder = tmp_path / "kept"
    folder.mkdir()
    return folder


@pytest.fixture
def file(tmp_path):
    """A settings file with a mode of its own."""
    path = tmp_path / "etc" / "settings.conf"
    path.parent.mkdir()
    path.write_bytes(OLD)
    path.chmod(0o640)
    return path


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every entry below a folder with its mode and content."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, b"" if path.is_dir() else path.read_bytes())
        for path in sorted(folder.rglob("*"))
    }


def test_a_file_is_replaced_and_put_back(file, kept):
    before = state(file.parent)
    edit = files.planned(str(file), NEW, kept, 1)
    files.done(edit)
    assert file.read_bytes() == NEW
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    files.undone(edit, kept)
    assert state(file.parent) == before


def test_a_link_is_kept_and_its_file_changed(file, kept, tmp_path):
    link = tmp_path / "link.conf"
    link.symlink_to(file)
    edit = files.planned(str(link), NEW, kept, 1)
    files.done(edit)
    assert link.is_symlink()
    assert file.read_bytes() == NEW
    files.undone(edit, kept)
    assert file.read_bytes() == OLD


def test_a_new_file_and_its_folders_are_taken_away_again(tmp_path, kept):
    before = state(tmp_path)
    edit = files.planned(str(tmp_path / "a" / "b" / "new.conf"), NEW, kept, 1)
    files.done(edit)
    assert (tmp_path / "a" / "b" / "new.conf").read_bytes() == NEW
    files.undone(edit, kept)
    assert state(tmp_path) == before


def test_a_folder_that_somebody_else_uses_meanwhile_stays(tmp_path, kept):
    edit = files.planned(str(tmp_path / "a" / "new.conf"), NEW, kept, 1)
    files.done(edit)
    (tmp_path / "a" / "theirs").write_text("x")
    files.undone(edit, kept)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["theirs"]


def test_what_somebody_changed_since_is_not_thrown_away(file, kept):
    edit = files.planned(str(file), NEW, kept, 1)
    files.done(edit)
    file.write_bytes(b"mine")
    with pytest.raises(TreatError, match="changed after the treatment"):
        files.undone(edit, kept)
    assert file.read_bytes() == b"mine"


@pytest.mark.parametrize("theirs", [b"mine", None])
def test_a_file_that_changed_since_the_plan_is_left_alone(file, kept, theirs):
    edit = files.planned(str(file), NEW, kept, 1)
    file.write_bytes(theirs) if theirs else file.unlink()
    before = state(file.parent)
    with pytest.raises(TreatError, match="changed since it was read; nothing was changed"):
        files.done(edit)
    assert state(file.parent) == before


def test_a_file_that_came_to_be_since_the_plan_is_left_alone(tmp_path, kept):
    edit = files.planned(str(tmp_path / "new"), NEW, kept, 1)
    (tmp_path / "new").write_bytes(b"mine")
    with pytest.raises(TreatError, match="changed since it was read"):
        files.done(edit)
    assert (tmp_path / "new").read_bytes() == b"mine"


def test_undoing_what_was_never_done_changes_nothing(file, kept):
    edit = files.planned(str(file), NEW, kept, 1)
    Path(edit.temporary).write_bytes(b"half")
    before = file.stat().st_mtime_ns
    files.undone(edit, kept)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (OLD, before)
    assert not Path(edit.temporary).exists()


def test_undoing_twice_is_undoing_once(file, kept):
    edit = files.planned(str(file), NEW, kept, 1)
    files.done(edit)
    files.undone(edit, kept)
    files.undone(edit, kept)
    assert file.read_bytes() == OLD


def test_a_file_with_two_names_is_left_alone(file, kept, tmp_path):
    os.link(file, tmp_path / "second")
    with pytest.raises(TreatError, match="2 names"):
        files.planned(str(file), NEW, kept, 1)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_ordinary_file_is_left_alone(make, tmp_path, kept):
    make(tmp_path / "odd")
    with pytest.raises(TreatError, match="not an ordinary file"):
        files.planned(str(tmp_path / "odd"), NEW, kept, 1)


# Root may write everywhere: there the test goes on as nobody.
REFUSED = """
import encodings.idna, os, sys
from pathlib import Path
from doctor.errors import TreatError
from doctor.treat import files
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    files.planned(sys.argv[1], b"new", Path(sys.argv[2]), 1)
except TreatError as error:
    print(error)
"""


def open_to_all(*folders: Path) -> None:
    """Let everybody look into these folders."""
    for folder in folders:
        for parent in (folder, *folder.parents):
            if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o055)


def test_a_read_only_file_and_a_read_only_folder_are_refused_before_anything_is_touched(file, kept):
    open_to_all(file.parent, kept)
    kept.chmod(0o777)
    file.chmod(0o444)
    said = python(REFUSED, str(file), str(kept))
    assert "another user" in said or "read-only" in said
    file.parent.chmod(0o555)
    said = python(REFUSED, str(file.parent / "new"), str(kept))
    assert "cannot be written to; nothing was changed" in said
    assert file.read_bytes() == OLD


FULL = """
import resource, signal, sys
from pathlib import Path
from doctor.errors import TreatError
from doctor.treat import files
edit = files.planned(sys.argv[1], b"x" * 100_000, Path(sys.argv[2]), 1)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    files.done(edit)
except TreatError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on the size of files")
def test_a_disk_that_fills_up_leaves_the_old_file(file, kept):
    """The limit on the size of a file stands for a full disk: the write fails half way."""
    before = state(file.parent)
    assert "cannot be changed: File too large" in python(FULL, str(file), str(kept))
    assert state(file.parent) == before
