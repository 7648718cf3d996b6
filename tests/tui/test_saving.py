"""Saving a finished report, in a folder of the test."""

import msgspec
import pytest

from doctor.errors import ReportError
from doctor.model import Redaction
from doctor.report.json import read
from doctor.tui.saving import proposal, save
from tests.tui import stories

REPORT = stories.sick()[-1].report


def test_the_proposed_name_holds_the_time_of_the_run():
    assert proposal(REPORT) == "llm-doctor-report-20260131-142501.json"


def test_json_that_reads_back_and_text_are_written_side_by_side(tmp_path):
    json_path, text_path = save(REPORT, str(tmp_path / "mine.json"))
    assert (json_path, text_path) == (tmp_path / "mine.json", tmp_path / "mine.txt")
    assert read(json_path.read_bytes()) == msgspec.structs.replace(REPORT, redaction=Redaction(level="all"))
    assert "CRITICAL" in text_path.read_text(encoding="utf-8")


def test_what_is_saved_holds_no_secret(tmp_path):
    report = msgspec.structs.replace(
        REPORT, reason="Authorization: Bearer Zk7Qm2Xv9Rt4 sent to http://tower.brandt.org"
    )
    for path in save(report, str(tmp_path / "mine.json")):
        text = path.read_text(encoding="utf-8")
        assert "Zk7Qm2Xv9Rt4" not in text
        assert "brandt" not in text


def test_a_name_without_an_ending_gets_one(tmp_path):
    assert save(REPORT, str(tmp_path / "v1.2"))[0].name == "v1.2.json"


def test_a_file_that_exists_is_never_overwritten(tmp_path):
    (tmp_path / "mine.json").write_text("kept")
    with pytest.raises(ReportError, match="exists already"):
        save(REPORT, str(tmp_path / "mine.json"))
    assert (tmp_path / "mine.json").read_text() == "kept"


def test_a_link_to_another_file_is_not_followed(tmp_path):
    (tmp_path / "mine.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ReportError, match="exists already"):
        save(REPORT, str(tmp_path / "mine.json"))
    assert not (tmp_path / "elsewhere").exists()


def test_a_text_file_in_the_way_is_noticed_before_anything_is_written(tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(ReportError, match="exists already"):
        save(REPORT, str(tmp_path / "mine.json"))
    assert not (tmp_path / "mine.json").exists()


@pytest.mark.parametrize("name", ["no/such/folder/x.json", "nul\0.json"])
def test_a_path_that_cannot_be_written_is_one_sentence(tmp_path, name):
    with pytest.raises(ReportError, match="cannot be written"):
        save(REPORT, f"{tmp_path}/{name}")


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x.json", "/", "."])
def test_a_path_that_makes_no_sense_is_one_sentence(name):
    with pytest.raises(ReportError, match="cannot be written"):
        save(REPORT, name)
