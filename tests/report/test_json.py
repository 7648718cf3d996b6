"""The JSON report: what is written, and what is read back from files that nobody can trust."""

import codecs
import json

import jsonschema
import msgspec
import pytest

from doctor.errors import ReportError
from doctor.model import Evidence
from doctor.report import render
from doctor.report.json import MAX_REPORT_BYTES, read, read_file
from doctor.report.schema import schema
from tests.report.sample import NOTHING_FOUND, REPORT, TARGET, TINY, hostile


def with_value(value):
    finding = msgspec.structs.replace(TINY, evidence=(Evidence(label="x", value=value),))
    target = msgspec.structs.replace(TARGET, findings=(finding,), facts={"Models": {"names": [value]}})
    return msgspec.structs.replace(REPORT, targets=(target,))


@pytest.mark.parametrize("report", [REPORT, NOTHING_FOUND, hostile()], ids=["full", "nothing", "hostile"])
def test_a_report_survives_writing_and_reading(report):
    assert read(render(report, "json").encode()) == report


@pytest.mark.parametrize("report", [REPORT, NOTHING_FOUND, hostile()], ids=["full", "nothing", "hostile"])
def test_what_is_written_fits_the_published_schema(report):
    faults = list(jsonschema.Draft202012Validator(schema()).iter_errors(json.loads(render(report, "json"))))
    assert faults == []


def test_the_keys_of_the_contract_are_there():
    document = json.loads(render(REPORT, "json"))
    assert set(document) >= {"schema_version", "tool", "started", "seconds", "state", "host", "targets", "coverage"}
    target = document["targets"][0]
    assert set(target) >= {"url", "runtime", "version", "model", "state", "checks", "findings", "causes", "facts"}
    assert set(target["checks"][0]) >= {"id", "category", "status", "reason", "seconds", "requests", "evidence"}
    assert set(target["causes"][0]) >= {
        "id", "verdict", "severity", "title", "because", "explains", "evidence", "remedies",
    }  # fmt: skip
    assert target["findings"][2]["explained_by"] is None


def test_control_characters_are_escaped_also_those_above_ascii():
    text = render(with_value("\x1b[31m \x85\x9b \u202e"), "json")
    assert text.isascii()
    assert "\x1b" not in text


def test_lone_surrogates_are_replaced_so_that_every_reader_accepts_the_document():
    text = render(with_value("a\ud800b"), "json")
    assert json.loads(text)["targets"][0]["findings"][0]["evidence"][0]["value"] == "a?b"
    assert read(text.encode()).targets


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_does_not_know_become_null(number):
    document = json.loads(render(with_value(number), "json"), parse_constant=pytest.fail)
    assert document["targets"][0]["findings"][0]["evidence"][0]["value"] is None


def test_a_report_cut_off_anywhere_is_refused_with_a_sentence():
    data = render(REPORT, "json").encode().rstrip()
    for end in range(1, len(data), 97):
        with pytest.raises(ReportError, match="cut off"):
            read(data[:end])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hello", "not a JSON document"),
        (b"\xff\xfe\x00", "not a JSON document"),
        (b"[1, 2]", "not a report of llm-doctor"),
        (b'{"a": 1}', "not a report of llm-doctor"),
        (b"[" * 200_000, "nested deeper"),
        (b'{"schema_version":"1.0","tool":{},"x":' + b"[" * 300 + b"]" * 300 + b"}", "nested deeper"),
        (b'{"schema_version": "2.0", "tool": {}}', "schema version 2.0"),
        (b'{"schema_version": "1.0", "tool": {"name": 5}}', "not a valid report"),
        (b'{"schema_version": "1.0", "tool": NaN}', "not a JSON document"),
        (b'{"schema_version": "1.0", "tool": ' + b"9" * 5000 + b"}", "not a JSON document"),
        (b'{"schema_version": "\xff", "tool": {}}', "not a JSON document"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_anything_else_is_refused_with_a_sentence_that_says_why(data, sentence):
    with pytest.raises(ReportError, match=sentence):
        read(data, "old.json")


def test_a_report_of_a_later_minor_version_is_read_and_its_new_fields_ignored():
    document = json.loads(render(REPORT, "json"))
    document |= {"schema_version": "1.9", "new": {"field": 1}}
    assert read(json.dumps(document).encode()).targets == REPORT.targets


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_redirected_by_powershell_are_read(encoding):
    data = render(REPORT, "json").encode(encoding)
    assert data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    assert read(data) == REPORT


def test_a_file_larger_than_any_report_is_refused_without_being_read_whole(tmp_path):
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(MAX_REPORT_BYTES * 20)
    with pytest.raises(ReportError, match="larger than 64 MiB"):
        read_file(str(huge))


@pytest.mark.parametrize(("path", "sentence"), [("/dev/zero", "not a file"), ("/nowhere/x", "No such file")])
def test_what_is_no_file_is_refused(path, sentence):
    with pytest.raises(ReportError, match=sentence):
        read_file(path)
