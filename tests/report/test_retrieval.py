"""Retrieval in reports: bars that say what was measured, and texts only where they may be shown."""

import msgspec
import pytest

from doctor.facts import Ranking
from doctor.report import Look, render
from doctor.report.retrieval import chart, local_texts, retrieval
from tests.rag.retrieved import BASE, FACTS, ITEMS, open_index
from tests.report import sample

URL = "faiss:/tmp/docs.faiss#docs"


def report():
    """The sample's report with one target that is an index."""
    whole = sample.REPORT
    target = msgspec.structs.replace(whole.targets[0], url=URL, facts=FACTS)
    return msgspec.structs.replace(whole, targets=(target,))


def test_a_bar_is_as_long_as_its_share_and_carries_its_interval():
    lines = chart(retrieval(FACTS).bars)
    now = next(line for line in lines if line.startswith("as it is"))
    assert now.count("█") == 14  # of 20 cells: 14 of 20 questions
    assert " 70%" in now
    assert "(48% to 85%)" in now
    assert [line.split("  ")[0].strip() for line in lines] == [
        "as it is, first 4",
        "by chance",
        "first 8",
        "first 20",
        "questions with the prefix 'search_query: '",
        "keywords (BM25)",
    ]
    assert len({len(line.rpartition("(")[0]) for line in lines}) == 1


def test_more_passages_are_read_off_the_same_ranks():
    bars = {bar.label: bar.share for bar in retrieval(FACTS).bars}
    assert (bars["first 8"], bars["first 20"]) == (0.9, 0.9)


def test_only_depths_that_were_looked_at_are_shown():
    shallow = msgspec.structs.replace(ITEMS, base=Ranking(name="", ranks=BASE, depth=10, corpus=1))
    labels = [bar.label for bar in retrieval({"KnownItems": msgspec.to_builtins(shallow)}).bars]
    assert "first 8" in labels
    assert "first 20" not in labels


def test_what_was_not_asked_or_is_of_another_version_has_no_section():
    assert retrieval({}) is None
    assert retrieval({"KnownItems": {"skipped": "no embedder"}}) is None
    assert retrieval({"KnownItems": {"made_by": 3}}) is None


@pytest.mark.parametrize("format_name", ["text", "markdown"])
def test_a_report_has_ids_and_never_texts(format_name):
    text = render(report(), format_name)
    assert "Retrieval: 20 questions made of the chunks' own words" in text
    assert "c18 did not come" in text
    assert "c14 came at rank 7" in text
    assert "zanzibar" not in text
    assert "quokka" not in text


def test_texts_stand_beside_on_the_owners_terminal_without_control_characters():
    text = render(report(), "text", Look(width=100, texts={URL: local_texts(open_index())}))
    assert "question about zanzibar 18" in text
    assert "the quokka of chunk 3" in text
    assert "\x1b" not in text
    assert "--show-texts" not in text


def test_ascii_is_enough():
    assert render(report(), "text", Look(ascii=True)).isascii()
