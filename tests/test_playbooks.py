"""Playbook files: reading, refusing, and the agreement of all bundled ones with the checks."""

import re
from pathlib import Path

import msgspec
import pytest

from doctor.errors import PluginError
from doctor.model import Category
from doctor.plan.command_line import is_known
from doctor.plan.options import option, variables
from doctor.plan.remedies import fitting, planned
from doctor.plan.situation import Situation
from doctor.playbooks import read_playbook
from doctor.plugins import bundled_checks, bundled_playbooks

GOOD = """+++
title = "T"
severity = "warning"
says = ["slow"]
proved_by = [["a", "b"], ["c"]]
[[remedy]]
say = "Do."
runtime = ["ollama", "any"]
risk = "reload"
undo = "undo it"
steps = [{ kind = "run", command = ["ollama", "stop", "{model}"] }]
+++

Why.
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "some-cause.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_playbook_is_read_whole(tmp_path: Path) -> None:
    playbook = read_playbook(write(tmp_path, GOOD), Category.SPEED)

    assert playbook.id == "some-cause"
    assert playbook.proved_by == (("a", "b"), ("c",))
    assert playbook.body == "Why."
    assert [remedy.runtime for remedy in playbook.remedies] == ["ollama", "any"]
    assert playbook.remedies[0].steps[0].undo == "undo it"
    here = Situation(runtime="ollama", os="linux", values={"model": "m"})
    assert planned(fitting(playbook.remedies, here)[0], here).steps[0].command[-1] == "m"


@pytest.mark.parametrize(("runtime", "says"), [("ollama", ["own", "all"]), ("vllm", ["rest", "all"])])
def test_remedies_for_other_runtimes_stand_in_for_missing_ones(tmp_path: Path, runtime: str, says: list[str]) -> None:
    head = GOOD.partition("[[remedy]]")[0]
    entries = [("own", "ollama"), ("rest", "other"), ("all", "any")]
    blocks = "".join(f'[[remedy]]\nsay = "{say}"\nruntime = "{name}"\n' for say, name in entries)

    playbook = read_playbook(write(tmp_path, f"{head}{blocks}+++\nWhy.\n"), Category.SPEED)

    here = Situation(runtime=runtime, os="linux")
    assert [remedy.say for remedy in fitting(playbook.remedies, here)] == says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no front matter", "front matter"),
        (GOOD.replace('title = "T"\n', ""), "title"),
        (GOOD.replace('"warning"', '"dreadful"'), "dreadful"),
        (GOOD.replace('"reload"', '"sometimes"'), "sometimes"),
        (GOOD.replace('kind = "run"', 'kind = "shell"'), "shell"),
        (GOOD.replace("says", "sais"), "sais"),
        (GOOD.replace("[[remedy]]", "[[remedy"), "some-cause.md"),
    ],
)
def test_a_bad_playbook_is_refused_with_its_name_and_fault(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(PluginError, match=r"some-cause\.md") as caught:
        read_playbook(write(tmp_path, text), Category.SPEED)

    assert says in str(caught.value)


def test_every_symptom_is_proved_or_explained_by_some_playbook() -> None:
    known = {s for book in bundled_playbooks() for s in {*book.explains, *book.proof_symptoms}}
    raised = {symptom.id for check in bundled_checks() for symptom in check.symptoms if symptom.severity != "note"}

    assert raised - known == set()


def test_every_symptom_that_a_playbook_names_can_be_raised() -> None:
    raised = {symptom.id for check in bundled_checks() for symptom in check.symptoms}
    named = {s: book.id for book in bundled_playbooks() for s in {*book.explains, *book.proof_symptoms}}

    assert {s: id_ for s, id_ in named.items() if s not in raised} == {}


def test_every_verification_names_a_check_and_every_predecessor_a_cause() -> None:
    checks = {check.id for check in bundled_checks()}
    causes = {book.id for book in bundled_playbooks()}

    assert {v for book in bundled_playbooks() for v in book.verify} - checks == set()
    assert {a for book in bundled_playbooks() for a in book.after} - causes == set()


def test_every_option_that_a_remedy_sets_exists_in_the_version_that_was_read() -> None:
    unknown = [
        (book.id, remedy.runtime, name)
        for book in bundled_playbooks()
        for remedy in book.remedies
        for step in remedy.steps
        for name, value in step.flag.items()
        if not (is_known(remedy.runtime, name) or (value is False and option(remedy.runtime, name)))
    ]

    assert unknown == []


def test_every_variable_that_a_remedy_sets_is_one_that_the_runtime_reads() -> None:
    unknown = [
        (book.id, remedy.runtime, name)
        for book in bundled_playbooks()
        for remedy in book.remedies
        for step in remedy.steps
        for name in step.environment
        if name not in variables(remedy.runtime)
    ]

    assert unknown == []


def test_every_need_of_a_remedy_names_an_option_or_a_variable() -> None:
    unknown = [
        (book.id, name)
        for book in bundled_playbooks()
        for remedy in book.remedies
        for name in (need.removeprefix("!") for need in remedy.needs)
        if option(remedy.runtime, name) is None and name not in variables(remedy.runtime)
    ]

    assert unknown == []


def test_every_blank_of_a_remedy_can_be_filled() -> None:
    known = {
        *("model", "url", "host", "port", "window", "windows", "cores", "requested", "embedder", "end_marker"),
        *("end_token", "chatml", "chatml_go", "tool_parser", "reasoning_parser", "reindex"),
    }
    blanks = {
        (book.id, blank)
        for book in bundled_playbooks()
        for remedy in book.remedies
        for blank in re.findall(r"\{([a-z_]+)\}", str(msgspec.to_builtins(remedy)))
    }

    assert {(id_, blank) for id_, blank in blanks if blank not in known} == set()


def test_steps_that_depend_on_a_blank_also_say_in_words_what_to_do() -> None:
    mute = [
        (book.id, remedy.say)
        for book in bundled_playbooks()
        for remedy in book.remedies
        for step in remedy.steps
        if step.kind in ("flag", "modelfile") and not step.text
    ]

    assert mute == []


def test_what_a_playbook_measures_is_measured_by_a_check_that_verifies_it() -> None:
    said = {check.id: check.path.read_text(encoding="utf-8") for check in bundled_checks()}
    unknown = [
        (book.id, label)
        for book in bundled_playbooks()
        for label in book.measure
        if not any(f'"{label}"' in said[id_] for id_ in book.verify)
    ]

    assert unknown == []


def test_no_two_causes_have_the_same_proof() -> None:
    groups: dict[frozenset[str], list[str]] = {}
    for book in bundled_playbooks():
        for group in book.proved_by:
            groups.setdefault(frozenset(group), []).append(book.id)

    assert {group: ids for group, ids in groups.items() if len(ids) > 1} == {}


def test_every_playbook_speaks_to_people() -> None:
    thin = [
        book.id
        for book in bundled_playbooks()
        if len(book.says) < 2 or not book.remedies or len(book.body.split()) < 40 or not book.verify
    ]

    assert thin == []


def test_symptom_ids_belong_to_one_check() -> None:
    owners: dict[str, set[str]] = {}
    for check in bundled_checks():
        for symptom in check.symptoms:
            owners.setdefault(symptom.id, set()).add(check.id)

    assert {symptom: ids for symptom, ids in owners.items() if len(ids) > 1} == {}
