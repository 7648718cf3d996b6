"""Vectors computed from the words of a text: fast, repeatable, and good enough to search with.

Not a model: each word and each pair of neighbours has a random direction, and a text is their sum. For tests in which
only the arithmetic matters; those about embedding models use a real one (`minilm`).
"""

import functools
import itertools
import re
import zlib

import numpy as np

SIZE = 256
PAIR_WEIGHT = 0.3
WORD = re.compile(r"[\w%]+:?")
PREFIX_WEIGHT = 6.0


@functools.lru_cache(maxsize=200_000)
def direction(word: str, size: int):
    return np.random.default_rng(zlib.crc32(word.encode())).normal(size=size).astype("f4")


def weight(word: str) -> float:
    """A word that ends in a colon is a prefix, which weighs more than a word; short words are common ones."""
    return PREFIX_WEIGHT if word.endswith(":") else min(1.0, len(word) / 8) ** 2


def word_vectors(texts, *, size: int = SIZE, salt: str = "", unit: bool = True) -> list:
    """One vector a text; `salt` makes another model, `unit` False leaves the lengths as they come."""
    found = []
    for text in texts:
        words = [salt + word for word in WORD.findall(text.lower())] or [salt]
        total = sum((weight(word) * direction(word, size) for word in words), np.zeros(size, "f4"))
        pairs = itertools.pairwise(words)
        total = total + PAIR_WEIGHT * sum((direction(a + " " + b, size) for a, b in pairs), np.zeros(size, "f4"))
        found.append(total / np.linalg.norm(total) if unit else total)
    return found
