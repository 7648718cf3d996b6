"""Real English paragraphs to index: this project's own playbooks, one chunk a paragraph."""

import functools
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
FEWEST_WORDS = 30


class Corpus(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of an index: ids, texts, metadata, and a vector for each (None: no vector)."""

    ids: list[str]
    texts: list[str]
    metadata: list[dict[str, Any]]
    vectors: list[Any] = []

    def with_vectors(self, vectors) -> "Corpus":
        return msgspec.structs.replace(self, vectors=[None if v is None else np.asarray(v, "f4") for v in vectors])

    def with_texts(self, texts: list[str]) -> "Corpus":
        return msgspec.structs.replace(self, texts=texts)

    def at(self, places) -> "Corpus":
        lists = (self.ids, self.texts, self.metadata, self.vectors or [None] * len(self.ids))
        ids, texts, metadata, vectors = ([values[place] for place in places] for values in lists)
        return Corpus(ids=ids, texts=texts, metadata=metadata, vectors=vectors)


@functools.cache
def paragraphs() -> tuple[tuple[str, str], ...]:
    """File name and text of every paragraph that is long enough."""
    found = []
    for path in sorted(PLAYBOOKS.glob("*/*.md")):
        body = path.read_text(encoding="utf-8").split("+++\n")[2]
        for paragraph in body.split("\n\n"):
            text = " ".join(paragraph.split())
            if len(text.split()) >= FEWEST_WORDS:
                found.append((path.name, text))
    return tuple(found)


def corpus(count: int) -> Corpus:
    """The first paragraphs as chunks without vectors."""
    chosen = paragraphs()[:count]
    return Corpus(
        ids=[f"c{number}" for number in range(len(chosen))],
        texts=[text for _, text in chosen],
        metadata=[{"source": name, "page": number} for number, (name, _) in enumerate(chosen)],
    )
