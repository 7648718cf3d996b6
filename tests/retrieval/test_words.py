"""Words in any script, and chunks without content. Pure functions on given texts."""

import pytest

from doctor.retrieval.words import boilerplate, is_binary, is_empty, repeated, same, shingles, terms, words

PAGE = "Acme Corporation, confidential, all rights reserved.\n"
SENTENCES = [
    "Gulls follow the ferry",
    "The mill was sold",
    "Nobody paid the toll",
    "Rye grew by the wall",
    "Ice broke early",
]


def test_words_are_found_in_spaced_and_unspaced_scripts():
    assert words("The Café, 42!") == ["the", "café", "42"]
    assert words("東京タワー 2") == ["東", "京", "タ", "ワ", "ー", "2"]
    assert terms("The 2024 harbour 東京") == ["harbour", "東京"]


@pytest.mark.parametrize(("text", "empty"), [("", True), (" \n\t", True), ("one two", True), ("one two three", False)])
def test_a_chunk_needs_three_words(text, empty):
    assert is_empty(text) is empty


@pytest.mark.parametrize("text", ["%PDF-1.7 stream", "PK\x03\x04 word", "a\x00\x01b\x02", "\ufffd\ufffd\ufffdab"])
def test_bytes_of_a_file_are_no_text(text):
    assert is_binary(text)


@pytest.mark.parametrize("text", ["", "plain text", "línea\nuna\tdos", "日本語の文章です", "emoji 🙂 and – dashes"])
def test_text_of_any_script_is_text(text):
    assert not is_binary(text)


def test_lines_that_stand_on_every_page_are_boilerplate_and_content_is_not():
    pages = [PAGE + f"{n}" for n in range(6)] + [
        PAGE + sentence + " and more about it, in full." for sentence in SENTENCES
    ]
    assert boilerplate(pages) == (True,) * 6 + (False,) * 5


def test_a_line_in_few_chunks_is_no_boilerplate():
    assert boilerplate([PAGE + "1", PAGE + "2", "A wholly different text stands here."]) == (False, False, False)


def test_a_repeated_passage_is_the_same_and_an_overlapping_one_is_not():
    text = "The ferry leaves the north pier at seven and calls at both islands before noon on weekdays"
    nearly = text + " only"
    overlapping = " ".join(text.split()[10:]) + " and on feast days it waits for the mail coach from town"
    assert same(shingles(text), shingles(nearly))
    assert not same(shingles(text), shingles(overlapping))
    assert repeated([text, overlapping, nearly, text]) == 2
