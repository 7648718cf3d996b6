"""Retrieval as a report shows it: recall before and after each lever as bars, and the worst questions.

A report holds ids only. Where the texts are at hand, on the terminal of their owner, they are shown beside.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from doctor.facts import KnownItems, Miss, Ranking
from doctor.retrieval.scoring import recall, recall_interval
from doctor.text import one_line

if TYPE_CHECKING:
    from doctor.stores.index import OpenIndex

BAR_CELLS = 20
FULL, EMPTY = "█", "░"
ASCII_FULL, ASCII_EMPTY = "#", "."
MORE_K = (2, 5)  # times k
SHOWN_MISSES = 5
SHOWN_CHARACTERS = 160
MADE_BY = {
    "words of the chunks": "made of the chunks' own words",
    "the model": "written by the model",
    "file": "of your own",
}


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the chart: the share found, with its 95 % interval."""

    label: str
    share: float
    low: float
    high: float
    note: str = ""


class Retrieval(msgspec.Struct, frozen=True, kw_only=True):
    """What the section shows."""

    title: str
    bars: tuple[Bar, ...]
    missed: tuple[Miss, ...]
    failed: int


class LocalTexts(msgspec.Struct, frozen=True, kw_only=True):
    """Texts of one index, for this terminal alone: questions by number, chunks by id."""

    questions: tuple[str, ...] = ()
    chunks: Mapping[str, str] = {}


def local_texts(index: "OpenIndex") -> LocalTexts:
    """What the open index has read so far."""
    return LocalTexts(
        questions=tuple(index.questions),
        chunks={id_: row.text for id_, row in index.rows.items() if row.text},
    )


def retrieval(facts: Mapping[str, Any]) -> Retrieval | None:
    """The section for a target's facts; None where no questions were asked."""
    saved = facts.get("KnownItems")
    if not isinstance(saved, dict) or "skipped" in saved:
        return None
    try:
        items = msgspec.convert(saved, KnownItems, strict=False)
    except msgspec.ValidationError:
        return None  # of another version
    ranks = items.base.ranks
    return Retrieval(
        title=f"{len(ranks)} questions {MADE_BY.get(items.made_by, items.made_by)}",
        bars=tuple(bars(items)),
        missed=items.worst[:SHOWN_MISSES],
        failed=sum(not 0 < rank <= items.k for rank in ranks),
    )


def bars(items: KnownItems) -> list[Bar]:
    """As it is, by chance, with more passages, with each lever."""
    k = items.k
    found = [
        bar(f"as it is, first {k}", items.base, k),
        bar("by chance", items.control, k),
    ]
    found += [bar(f"first {n * k}", items.base, n * k) for n in MORE_K if n * k <= items.base.depth]
    return found + [bar(lever.name, lever, k) for lever in items.levers]


def bar(label: str, ranking: Ranking, k: int) -> Bar:
    """The share that is found among the first k."""
    low, high = recall_interval(ranking.ranks, k)
    return Bar(label=label, share=recall(ranking.ranks, k), low=low, high=high, note=ranking.note)


def chart(bars_: tuple[Bar, ...], *, ascii_only: bool = False, stacked: bool = False) -> list[str]:
    """The bars as lines of one width; `stacked` puts each label on a line above its bar, for a narrow place."""
    full, empty = (ASCII_FULL, ASCII_EMPTY) if ascii_only else (FULL, EMPTY)
    wide = max((len(one.label) for one in bars_), default=0)
    lines = []
    for one in bars_:
        cells = round(one.share * BAR_CELLS)
        drawn = full * cells + empty * (BAR_CELLS - cells)
        told_bar = f"{drawn} {one.share:4.0%}  ({one.low:.0%} to {one.high:.0%})"
        lines += [one.label, told_bar] if stacked else [f"{one.label:<{wide}}  {told_bar}"]
    return lines


def told(miss: Miss, texts: LocalTexts | None) -> tuple[str, list[str]]:
    """A failed question, and what came instead of its passage; ids alone where there are no texts."""
    place = f"came at rank {miss.rank}" if miss.rank else "did not come"
    expected = ", ".join(miss.expected[:2]) or "its passage"
    question = texts.questions[miss.question] if texts and miss.question < len(texts.questions) else ""
    chunks = texts.chunks if texts else {}
    head = f'"{one_line(question, SHOWN_CHARACTERS)}"' if question else f"question {miss.question + 1}"
    lines = [f"{one_line(expected, 80)} {place}{_quoted(miss.expected, chunks)}"]
    lines += [f"instead {one_line(id_, 60)}{_quoted((id_,), chunks)}" for id_ in miss.instead[:2]]
    return head, lines


def _quoted(ids: tuple[str, ...], chunks: Mapping[str, str]) -> str:
    text = next((chunks[id_] for id_ in ids if id_ in chunks), "")
    return f": {one_line(text, SHOWN_CHARACTERS)}" if text else ""
