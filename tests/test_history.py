"""Reports kept on this machine: newest first, not for ever, and a broken one is a sentence."""

import datetime as dt

import msgspec
import pytest

from doctor.errors import ReportError
from doctor.history import add, entries, read
from tests.report.sample import REPORT


def at(moment):
    return msgspec.structs.replace(REPORT, started=moment)


NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


def test_reports_come_back_by_number_by_date_and_newest_first(tmp_path):
    for days in (3, 2, 1):
        add(at((NOW - dt.timedelta(days=days)).isoformat()), tmp_path)
    assert [entry.time for entry in entries(tmp_path)] == [NOW - dt.timedelta(days=days) for days in (1, 2, 3)]
    assert read("last", tmp_path).started == (NOW - dt.timedelta(days=1)).isoformat()
    assert read("3", tmp_path).started == (NOW - dt.timedelta(days=3)).isoformat()
    day = (NOW - dt.timedelta(days=2)).date().isoformat()
    assert read(day, tmp_path).started == (NOW - dt.timedelta(days=2)).isoformat()


def test_old_ones_and_too_many_are_forgotten(tmp_path):
    add(at((NOW - dt.timedelta(days=100)).isoformat()), tmp_path)
    for minute in range(6):
        add(at((NOW - dt.timedelta(minutes=minute)).isoformat()), tmp_path, keep=4)
    assert len(entries(tmp_path)) == 4
    assert min(entry.time for entry in entries(tmp_path)) > NOW - dt.timedelta(days=1)


def test_files_of_others_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    add(at(NOW.isoformat()), tmp_path, keep=0)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("last", "the history has 0 reports"),
        ("7", "none with number 7"),
        ("2020-01-01", "no report from 2020-01-01"),
        ("2020-13-01", "is no date"),
    ],
)
def test_what_is_not_there_is_a_sentence(tmp_path, word, sentence):
    with pytest.raises(ReportError, match=sentence):
        read(word, tmp_path)


def test_a_broken_or_newer_one_is_a_sentence(tmp_path):
    path = add(at(NOW.isoformat()), tmp_path)
    path.write_text(path.read_text()[:300])
    with pytest.raises(ReportError, match="cut off"):
        read("last", tmp_path)
    path.write_text('{"schema_version": "9.0", "tool": {"name": "llm-doctor"}}')
    with pytest.raises(ReportError, match=r"schema version 9\.0"):
        read("last", tmp_path)
