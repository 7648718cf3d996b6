"""A complaint as words: folded, cut, stemmed, and its typing errors forgiven.

Latin text becomes words; Chinese and Japanese text, which has no spaces, stays as it stands and is cut into pairs of
characters. Signs that complaints are full of (a marker like <|im_end|>, one character repeated many times) become
words of their own.
"""

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from importlib.resources import files

LONG_WORD, VERY_LONG_WORD = 5, 9  # letters from which one, and from which two typing errors are forgiven
SIGNS = (
    (re.compile(r"([^\W\d_]|[!?@#$%&*.])\1{5,}"), " repeatedsign "),  # GGGGGG, @@@@@@, !!!!!!
    (re.compile(r"</?think(?:ing)?>"), " thinktag "),
    (re.compile(r"<(?:tool_call|function)\b|\[tool_calls\]"), " calltag "),
    (re.compile(r"<\||\|>|</s>"), " markersign "),
    (re.compile("\ufffd+"), " brokensign "),
    (re.compile(r"::1\b"), " ipvsix "),
    (re.compile(r"(\d)\s*%"), r"\1 percent "),
    (re.compile(r"\btok(?:ens?)?\s*/\s*s(?:ec)?\b|\bt/s\b"), " tokens per second "),
)
WORD = re.compile(r"[a-z0-9]+")
WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")
MARKS = re.compile("[\u0300-\u036f]")
SUFFIXES = ("ing", "ed", "es", "s", "ly", "e")
MIN_STEM = 3


def folded(text: str, simplified: Mapping[str, str]) -> str:
    """Lower case without accents, wide forms narrowed, traditional characters simplified, special signs as words."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = unicodedata.normalize("NFC", MARKS.sub("", _split_latin(text)))
    for sign, word in SIGNS:
        text = sign.sub(word, text)
    return "".join(simplified.get(letter, letter) for letter in text)


def _split_latin(text: str) -> str:
    """Accents apart from their letters, but only of Latin letters: in Japanese they make another letter."""
    return "".join(unicodedata.normalize("NFD", c) if "\u00c0" <= c <= "\u024f" else c for c in text)


def cut(text: str) -> list[str]:
    """The Latin words and numbers of a folded text."""
    return WORD.findall(text)


def pairs(text: str) -> set[str]:
    """Neighbouring Chinese or Japanese characters of a folded text."""
    return {run[i : i + 2] for run in WIDE.findall(text) for i in range(len(run) - 1)}


@functools.cache
def stop_words() -> frozenset[str]:
    """Words that carry no meaning, of all Latin languages."""
    lists: dict[str, str] = tomllib.loads(files("doctor.ask").joinpath("stop.toml").read_text("utf-8"))
    return frozenset(word for words in lists.values() for word in words.split())


@functools.cache
def stem(word: str) -> str:
    """A word without its ending, so that plural and tense do not matter. English, and good enough for its sisters."""
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= MIN_STEM:
            word = word[: -len(suffix)]
            break
    return word[:-1] if len(word) > MIN_STEM and word[-1] == word[-2] else word


def corrected(word: str, known: Mapping[int, Iterable[str]]) -> str:
    """The known word that this one is a typing error of, else the word itself; `known` is sorted by length."""
    if len(word) < LONG_WORD or word.isdigit():
        return word
    allowed = 1 if len(word) < VERY_LONG_WORD else 2
    best, fewest = word, allowed + 1
    for length in range(len(word) - allowed, len(word) + allowed + 1):
        for other in known.get(length, ()):
            if other[0] != word[0] and other[1:2] != word[1:2]:
                continue
            errors = distance(word, other, fewest - 1)
            if errors < fewest:
                best, fewest = other, errors
    return best


def distance(one: str, other: str, limit: int) -> int:
    """Letters to add, take away, change or swap with their neighbour; `limit` + 1 when there are more."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i] + [0] * len(other)
        for j, b in enumerate(other, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                row[j] = min(row[j], last[j - 2] + 1)
        if min(row) > limit:
            return limit + 1
    return row[-1]
