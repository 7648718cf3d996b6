"""Complaints and the causes that they sound like, measured against the bundled playbooks and phrases."""

import tomllib
from pathlib import Path

import pytest

from doctor.ask.candidates import candidates
from doctor.ask.match import LANGUAGES, Matcher
from doctor.plugins import bundled_checks, bundled_playbooks

DATA = Path(__file__).resolve().parents[1] / "data"
WANTED_SHARE = 0.85  # right cause among the first three
FIRST = 3


@pytest.fixture(scope="module")
def matcher():
    return Matcher(bundled_playbooks(), bundled_checks())


def complaints(name):
    return tomllib.loads((DATA / f"{name}.toml").read_text("utf-8"))["complaint"]


def first_three(matcher, text):
    return [one.book.id for one in candidates(matcher.matches(text))[:FIRST]]


def share(matcher, rows):
    return sum(row["cause"] in first_three(matcher, row["text"]) for row in rows) / len(rows)


@pytest.mark.parametrize(("name", "number"), [("complaints", 150), ("complaints_later", 40), ("complaints_last", 30)])
def test_the_right_cause_is_among_the_first_three(matcher, name, number):
    rows = complaints(name)

    assert len(rows) == number
    assert share(matcher, rows) >= WANTED_SHARE


@pytest.mark.parametrize("name", ["complaints", "complaints_later", "complaints_last"])
def test_every_complaint_comes_from_a_thread_of_its_own_and_names_a_cause(name):
    rows = complaints(name)

    assert len({row["source"] for row in rows}) == len(rows)
    assert all("#" in row["source"] and "/" in row["source"] for row in rows)
    assert {row["cause"] for row in rows} <= {book.id for book in bundled_playbooks()}


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_the_twenty_main_causes_are_understood_in_each_language(matcher, language):
    said = tomllib.loads((DATA / "other_languages.toml").read_text("utf-8"))
    missed = [cause for cause, ways in said.items() if cause not in first_three(matcher, ways[language])]

    assert len(said) == 20
    assert len(missed) <= 20 * (1 - WANTED_SHARE), missed


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("it forgtes the beginnig of the converstaion", "drift-ctx-default"),
        ("conection refsued on port 11434", "conn-server-down"),
        ("nvdia card is not usde, evreything runs on teh cpu", "slow-cpu-fallback"),
        ("sytem promt is ingored", "drift-system-dropped-template"),
        ("modell vergist den anfagn", "drift-ctx-default"),
        ("tool clals are pritned as text", "tool-parser-wrong"),
        ("MODEL DOES NOT SUPORT TOOLS!!!", "tool-unsupported-template"),
    ],
)
def test_typing_errors_are_forgiven(matcher, text, cause):
    assert cause in first_three(matcher, text)


def test_traditional_characters_and_wide_forms_are_read_as_the_usual_ones(matcher):
    assert "drift-ctx-default" in first_three(matcher, "對話太長後模型忘記開頭的內容")
    assert "conn-server-down" in first_three(matcher, "ＣＯＮＮＥＣＴＩＯＮ　ＲＥＦＵＳＥＤ")


@pytest.mark.parametrize("text", ["", "qwertz", "I would like a pizza with mushrooms", "?!?!", "12345", "的的的"])
def test_words_that_speak_of_no_cause_name_none(matcher, text):
    assert candidates(matcher.matches(text)) == ()


def test_candidates_are_few_and_say_which_words_are_behind_them(matcher):
    found = candidates(matcher.matches("the model forgtes what I said at the start"))

    assert found[0].book.id == "drift-ctx-default"
    assert len(found) <= 5
    assert [one.rank for one in found] == list(range(1, len(found) + 1))
    assert "forgtes" in found[0].because


def test_a_long_complaint_is_matched_in_reasonable_time(matcher):
    words = "something odd happens zzzqx and then the modle forgtes wierdly " * 60

    assert matcher.matches(words)
