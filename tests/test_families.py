"""Families and published templates: data with a source in every row, found by hash, end token and marks."""

import re

import pytest

from doctor.families import families, families_of_text, family_of_model, known_template, published, template_hash

CHATML = (
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
    "{% for message in messages %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
COMMIT = re.compile(r"[0-9a-f]{9,40}")


@pytest.mark.parametrize("row", published().values(), ids=lambda row: row.sha256)
def test_every_published_template_says_where_it_was_read(row):
    assert re.fullmatch(r"[0-9a-f]{16}", row.sha256)
    assert row.family in {*families(), "other"}
    assert row.language in ("jinja", "go")
    assert row.model
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", row.repository)
    assert COMMIT.fullmatch(row.commit)
    assert row.path
    assert not row.path.startswith("/")


@pytest.mark.parametrize("family", families().values(), ids=lambda family: family.id)
def test_every_family_says_where_its_markers_were_read_and_uses_them(family):
    repository, commit, path = family.source
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", repository)
    assert COMMIT.fullmatch(commit)
    assert path
    assert family.title
    assert "{text}" in family.user
    assert any(mark in family.prompt("x") for mark in family.marks)
    assert "x" in family.prompt("x")
    assert "{text}" not in family.prompt("x")


def test_there_are_over_a_hundred_templates_of_many_families():
    assert len(published()) > 100
    assert len({row.family for row in published().values()}) >= 18


def test_a_published_template_is_known_whatever_its_white_space():
    spaced = "\ufeff" + CHATML.replace(" %}", "\r\n %}\n") + "\n\n"
    assert known_template(CHATML).family == "chatml"
    assert template_hash(CHATML) != template_hash(spaced)  # a byte order mark falls, a space inside a tag is text
    assert template_hash(CHATML + "\n\n") == template_hash("\ufeff" + CHATML.replace("\n", "\r\n"))


def test_a_changed_template_is_not_known():
    assert known_template(CHATML.replace("assistant", "helper")) is None


@pytest.mark.parametrize(
    ("end", "architecture", "family"),
    [
        ("<|im_end|>", "qwen2", "chatml"),
        ("<|im_end|>", "llama", "chatml"),
        ("<|im_end|>", "phi3", "phi4"),
        ("<|im_end|>", "deepseek2", "kimi"),
        ("<|eot_id|>", "llama", "llama3"),
        ("<end_of_turn>", "gemma3", "gemma"),
        ("<eos>", "gemma2", "gemma"),
        ("<|end|>", "phi3", "phi3"),
        ("<|end|>", "solar", None),
        ("<|return|>", "gpt-oss", "harmony"),
        ("</s>", "llama", None),
        ("", "", None),
        ("", "phi3", None),
    ],
)
def test_the_family_of_a_model_follows_from_its_end_token_and_architecture(end, architecture, family):
    found = family_of_model(end, architecture)
    assert (found.id if found else None) == family


def test_marks_tell_the_families_of_a_text():
    assert [family.id for family in families_of_text("<start_of_turn>user\nhello")] == ["gemma"]
    assert [family.id for family in families_of_text("[INST] hello [/INST]")] == ["mistral", "llama2"]
    assert families_of_text("hello") == ()
