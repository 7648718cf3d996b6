"""The concepts that complaints are made of, found in a text by their wordings in six languages."""

import functools
import tomllib
from collections.abc import Iterator
from importlib.resources import files

import msgspec

from doctor.ask.words import WIDE, cut, folded, stem

MAX_BETWEEN = 2  # other words that may stand between two words of a wording
STEM_KEY = 3  # letters by which wordings are looked up


class Wording(msgspec.Struct, frozen=True):
    """One wording of a concept: its words in order; a word that ends in * is the beginning of one."""

    concept: str
    words: tuple[str, ...]


class Lexicon(msgspec.Struct, frozen=True):
    """All wordings, sorted by how their first word begins, and the wide ones as they stand."""

    latin: dict[str, tuple[Wording, ...]]
    wide: tuple[tuple[str, str], ...]  # (characters, concept)
    simplified: dict[str, str]
    words: frozenset[str]  # every whole word of the wordings

    def concepts(self, text: str, words: list[str], typed: list[str]) -> dict[str, str]:
        """The concepts of a folded text and its words, typing errors corrected; each with its words as typed."""
        found: dict[str, str] = {}
        tight = "".join(text.split())
        for characters, concept in self.wide:
            if characters in tight:
                found.setdefault(concept, characters)
        for place, word in enumerate(words):
            for wording in self.latin.get(word[:STEM_KEY], ()):
                if wording.concept not in found and (end := _end(wording, words, place)):
                    found[wording.concept] = " ".join(typed[place:end])
        return found


def _end(wording: Wording, words: list[str], place: int) -> int:
    """Where the words that are this wording from `place` on end; 0 where they are not."""
    if not _fits(wording.words[0], words[place]):
        return 0
    end = place
    for wanted in wording.words[1:]:
        for at in range(end + 1, min(end + 2 + MAX_BETWEEN, len(words))):
            if _fits(wanted, words[at]):
                end = at
                break
        else:
            return 0
    return end + 1


@functools.cache
def _fits(wanted: str, word: str) -> bool:
    if wanted.endswith("*"):
        return word.startswith(wanted[:-1])
    return wanted == word or (len(wanted) > STEM_KEY and stem(wanted) == stem(word))


@functools.cache
def lexicon() -> Lexicon:
    """The bundled wordings."""
    raw = tomllib.loads(files("doctor.ask").joinpath("concepts.toml").read_text("utf-8"))
    simplified: dict[str, str] = raw["simplified"]
    latin: dict[str, list[Wording]] = {}
    wide: list[tuple[str, str]] = []
    words: set[str] = set()
    for concept, wording in _wordings(raw["concepts"]):
        text = folded(wording, simplified)
        if WIDE.search(text):
            wide.append(("".join(text.split()), concept))
            continue
        parts = tuple(part for part in _parts(text) if part != "*")
        words.update(part for part in parts if not part.endswith("*"))
        latin.setdefault(parts[0].rstrip("*")[:STEM_KEY], []).append(Wording(concept, parts))
    # Long wordings first: what they say is what the user reads as the reason.
    table = {key: tuple(sorted(group, key=lambda one: -len(one.words))) for key, group in latin.items()}
    return Lexicon(table, tuple(wide), simplified, frozenset(words))


def _wordings(concepts: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    for concept, wordings in concepts.items():
        for wording in wordings:
            yield concept, wording


def _parts(text: str) -> list[str]:
    """The words of a wording with their asterisks."""
    parts: list[str] = []
    for chunk in text.split():
        words = cut(chunk)
        if words and chunk.endswith("*"):
            words[-1] += "*"
        parts += words
    return parts
