"""Retrieval on the page of an index: recall with each lever as bars, and the worst questions with what came instead.

Texts come from the index that this run has open. They are drawn on this terminal and are in no report.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from doctor.report.retrieval import LocalTexts, chart, local_texts, retrieval, told
from doctor.text import plain
from doctor.tui.page import Block, Bullet, Code, Heading, Paragraph

if TYPE_CHECKING:
    from doctor.stores.index import OpenIndex


def retrieval_blocks(facts: Mapping[str, Any], index: "OpenIndex | None") -> list[Block]:
    """The section, empty for a target of which no questions were asked."""
    section = retrieval(facts)
    if section is None:
        return []
    found: list[Block] = [
        Heading(text="Retrieval"),
        Paragraph(text=f"Share of {section.title} whose passage is found, with its 95 % interval."),
        Code(text="\n".join(plain(line) for line in chart(section.bars, stacked=True))),
    ]
    notes = dict.fromkeys(bar.note for bar in section.bars if bar.note)
    found += [Paragraph(text=f"Keyword search is {plain(note)}.", tone="faint") for note in notes]
    if section.missed:
        found += [Heading(text=f"The worst of {section.failed} questions that failed")]
    texts = local_texts(index) if index is not None else LocalTexts()
    for miss in section.missed:
        head, lines = told(miss, texts)
        found.append(Bullet(mark="–", text=plain(head)))
        found += [Paragraph(text=plain(line), tone="faint", indent=2) for line in lines]
    return found
