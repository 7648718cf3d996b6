"""`list` and `explain`: what this installation has."""

import json

import pytest

from doctor.plugins import bundled_checks, bundled_playbooks


@pytest.mark.parametrize("kind", ["checks", "causes", "runtimes", "patients"])
def test_every_kind_is_listed_as_text_and_as_json(doctor, kind):
    rows = json.loads(doctor("list", kind, "--format", "json").stdout)
    page = doctor("list", kind).stdout
    assert rows
    assert all(row["id"] in page and row["title"] for row in rows)


def test_checks_and_causes_are_those_of_the_folders(doctor):
    checks = json.loads(doctor("list", "checks", "--format", "json").stdout)
    causes = json.loads(doctor("list", "causes", "--format", "json").stdout)
    assert [row["id"] for row in checks] == [check.id for check in bundled_checks()]
    assert [row["id"] for row in causes] == [book.id for book in bundled_playbooks()]


def test_a_check_is_explained_by_its_docstring(doctor):
    check = bundled_checks()[0]
    page = " ".join(doctor("explain", check.id).stdout.split())
    assert " ".join(check.doc.split()) in page
    assert all(symptom.id in page for symptom in check.symptoms)


def test_a_symptom_names_its_check_and_its_causes(doctor):
    page = doctor("explain", "file-damaged").stdout
    assert "raised by the check model-file" in page
    assert "[garbage-corrupt-file]" in page


def test_a_cause_shows_proof_and_remedies_with_placeholders_to_fill_in(doctor):
    page = doctor("explain", "garbage-corrupt-file").stdout
    assert "proved by bad-weights" in page
    assert "ollama pull MODEL" in page


def test_plugins_of_the_users_folder_are_listed_and_explained(doctor, tmp_path):
    folder = tmp_path / "mine" / "checks" / "speed"
    folder.mkdir(parents=True)
    (folder / "tide.py").write_text('"""The tide is out.\n\nWhat: the tide.\n"""\n\n\nasync def check(context): ...\n')
    assert "The tide is out" in doctor("list", "checks", "--plugins", "mine").stdout
    assert "What: the tide." in doctor("explain", "tide", "--plugins", "mine").stdout


def test_a_template_of_ours_is_printed_as_it_is(doctor):
    from doctor.plan.templates import JINJA, text

    assert doctor("explain", JINJA).stdout == text(JINJA)


def test_a_template_is_written_into_a_folder_that_is_made(doctor, tmp_path):
    printed = doctor("explain", "chatml.jinja").stdout
    ended = doctor("explain", "chatml.jinja", "-o", "a place/chatml.jinja")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert (tmp_path / "a place" / "chatml.jinja").read_text(encoding="utf-8") == printed
    (tmp_path / "file").write_text("")
    ended = doctor("explain", "chatml.jinja", "-o", "file/chatml.jinja")
    assert (ended.returncode, "file/chatml.jinja cannot be written: " in ended.stderr) == (3, True)
    ended = doctor("explain", "chatml.jnja", "-o", "x")
    assert (ended.returncode, "did you mean chatml.jinja?" in ended.stderr) == (3, True)
