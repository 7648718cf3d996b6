"""BM25 over a stream of texts, for a fixed set of questions: one pass, memory for the questions' words only.

Formula and constants: Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75, the usual ones of Lucene.
"""

import heapq
import math
from array import array
from collections.abc import Iterable, Sequence

from doctor.retrieval.words import words

K1 = 1.2
B = 0.75


class Postings:
    """Where the questions' words stand: for each word the documents and how often, in arrays."""

    def __init__(self, queries: Iterable[str]) -> None:
        self.wanted = {word for query in queries for word in words(query)}
        self.ids: list[str] = []
        self.lengths = array("I")
        self.documents: dict[str, array[int]] = {word: array("I") for word in self.wanted}
        self.counts: dict[str, array[int]] = {word: array("I") for word in self.wanted}

    def add(self, id_: str, text: str) -> None:
        """Count one text."""
        place = len(self.ids)
        self.ids.append(id_)
        all_words = words(text)
        self.lengths.append(len(all_words))
        for word in self.wanted.intersection(all_words):
            self.documents[word].append(place)
            self.counts[word].append(all_words.count(word))

    def ranked(self, query: str, depth: int) -> list[str]:
        """Ids of the best `depth` texts for one of the queries, best first."""
        total = len(self.ids)
        mean = sum(self.lengths) / total if total else 1.0
        scores: dict[int, float] = {}
        for word in dict.fromkeys(words(query)):
            places = self.documents[word]
            weight = math.log(1 + (total - len(places) + 0.5) / (len(places) + 0.5))
            for place, count in zip(places, self.counts[word], strict=True):
                share = count * (K1 + 1) / (count + K1 * (1 - B + B * self.lengths[place] / mean))
                scores[place] = scores.get(place, 0.0) + weight * share
        best = heapq.nlargest(depth, scores.items(), key=lambda item: item[1])
        return [self.ids[place] for place, _ in best]


def rankings(queries: Sequence[str], texts: Iterable[tuple[str, str]], depth: int) -> tuple[list[list[str]], int]:
    """The best ids for each query, and the number of texts."""
    postings = Postings(queries)
    for id_, text in texts:
        postings.add(id_, text)
    return [postings.ranked(query, depth) for query in queries], len(postings.ids)
