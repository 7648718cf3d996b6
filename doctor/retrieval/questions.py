"""Questions whose right chunk is known: made of a chunk's own rare words, without a model.

A question is the chunk's most telling words (term frequency times inverse document frequency over the sample), in the
order of the text. Measured with all-MiniLM-L6-v2 on 235 paragraphs of one subject: seven words find their paragraph
among the first five in 93 % of cases, three words in 72 %, and an index of another model in 3 %.
"""

import math
from collections import Counter
from collections.abc import Sequence

import msgspec

from doctor.retrieval.words import terms

WORDS = 7
FEWEST_WORDS = 4
COMMON = 0.3  # of the chunks: words that stand in more of them tell nothing


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question and the ids of the chunks that answer it; or, from a file, the sources that do."""

    text: str
    expected: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    answer: str = ""  # words that a right answer holds, where the file gives them


def from_chunks(chunks: Sequence[tuple[str, str]]) -> list[Question]:
    """One question for each (id, text) that has enough words of its own."""
    counts = [Counter(terms(text)) for _, text in chunks]
    documents = Counter(term for count in counts for term in count)
    found = []
    for (id_, _), count in zip(chunks, counts, strict=True):
        chosen = telling(count, documents, len(chunks))
        if len(chosen) >= FEWEST_WORDS:
            found.append(Question(text=" ".join(chosen), expected=(id_,)))
    return found


def telling(count: Counter[str], documents: Counter[str], total: int) -> list[str]:
    """The words that tell this chunk from the others, in the order of the text."""
    known = [term for term in count if documents[term] <= max(1.0, COMMON * total)]
    weight = {term: count[term] * math.log((total + 1) / (documents[term] + 0.5)) for term in known}
    best = sorted(known, key=lambda term: -weight[term])[:WORDS]
    return sorted(best, key=known.index)
