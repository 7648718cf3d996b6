"""Which causes a complaint sounds like: it is compared with what users say about each cause.

Everything known about a cause in users' words (its playbook's `says` and title, the phrases in `phrases/`, the titles
of the symptoms that prove it) is a list of documents. A complaint and a document are sets of features: concepts, stems,
neighbouring stems, and pairs of Chinese or Japanese characters. A feature weighs more the fewer causes it speaks of.
The score of a cause is how much of the complaint it covers, and how close its closest document comes.
"""

import functools
import math
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.resources import files

import msgspec

from doctor.ask.lexicon import Lexicon, lexicon
from doctor.ask.words import corrected, cut, folded, pairs, stem, stop_words
from doctor.check import Check
from doctor.playbooks import Playbook

LANGUAGES = ("en", "de", "fr", "es", "zh", "ja")
# Weights, found by hand on one half of the complaints in tests/data; the other half and forty more are the measure.
CONCEPT, WORD, NEIGHBOURS, PAIR = 1.8, 1.0, 0.7, 0.6
TITLE, SYMPTOM = 0.8, 0.6  # of a document that is a title, against 1 for one in users' words
COVERAGE, CLOSENESS = 0.45, 0.55
COMMON = 0.05  # added for a cause that many people have, times how common it is
UNKNOWN = 2.0  # the value of a word that speaks of no cause
LIKELY, TELLING = 0.2, 4.6  # the score and the value shared that name a cause; one rare plain word is worth less
REASONS = 4  # words of the complaint that are named as the reason


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A cause that the complaint sounds like: the score is about 1 at most, `shared` the value of what they share."""

    book: Playbook
    score: float
    shared: float
    because: tuple[str, ...]

    @property
    def likely(self) -> bool:
        """Whether there is enough to name the cause."""
        return self.score >= LIKELY and self.shared >= TELLING


class Document(msgspec.Struct, frozen=True):
    """One way to speak of a cause: its features, and how much it counts."""

    features: frozenset[str]
    weight: float


class Matcher:
    """The documents of every cause, ready to be compared."""

    def __init__(self, books: Sequence[Playbook], checks: Iterable[Check]) -> None:
        self._lexicon: Lexicon = lexicon()
        self._books = {book.id: book for book in books}
        titles = {symptom.id: symptom.title for check in checks for symptom in check.symptoms}
        texts = {book.id: list(_texts(book, titles)) for book in books}
        known = set(self._lexicon.words)
        for ways in texts.values():
            known.update(word for text, _ in ways for word in cut(folded(text, self._lexicon.simplified)))
        self._known: dict[int, list[str]] = {}
        for word in sorted(known):
            self._known.setdefault(len(word), []).append(word)
        self._words = frozenset(known)
        self._documents = {
            id_: [Document(frozenset(self._features(text, forgive=False)), weight) for text, weight in ways]
            for id_, ways in texts.items()
        }
        self._profiles = {id_: _profile(documents) for id_, documents in self._documents.items()}
        self._rarity = _rarity(self._profiles.values(), len(books))

    def matches(self, complaint: str) -> list[Match]:
        """Every cause that shares something with the complaint, best first."""
        said = self._features(complaint, forgive=True)
        value = {feature: self._value(feature) for feature in said if feature in self._rarity}
        total = sum(value.values()) + UNKNOWN * sum(f[0] == "w" and f not in value for f in said)
        found = []
        for id_, profile in self._profiles.items():
            shared = {feature: value[feature] * profile[feature] for feature in value if feature in profile}
            if shared:
                much = sum(shared.values())
                score = COVERAGE * much / total + CLOSENESS * self._closest(id_, value, total)
                score += COMMON * _common().get(id_, 0)
                because = _words(sorted(shared, key=lambda feature: -shared[feature]), said)
                found.append(Match(book=self._books[id_], score=score, shared=much, because=because))
        return sorted(found, key=lambda match: (-match.score, match.book.id))

    def _closest(self, id_: str, value: dict[str, float], total: float) -> float:
        """The closeness of the closest document: shared against all, as between two vectors."""
        best = 0.0
        for document in self._documents[id_]:
            shared = sum(value[feature] for feature in document.features if feature in value)
            if shared:
                whole = sum(self._value(feature) for feature in document.features)
                best = max(best, document.weight * shared / math.sqrt(whole * total))
        return best

    def _value(self, feature: str) -> float:
        kind = {"c": CONCEPT, "w": WORD, "n": NEIGHBOURS, "p": PAIR}[feature[0]]
        return kind * self._rarity[feature]

    def _features(self, text: str, *, forgive: bool) -> dict[str, str]:
        """The features of a text, each with the words that it comes from."""
        text = folded(text, self._lexicon.simplified)
        typed = cut(text)
        words = [corrected(word, self._known) if forgive and word not in self._words else word for word in typed]
        features = {f"c {concept}": said for concept, said in self._lexicon.concepts(text, words, typed).items()}
        stop = stop_words()
        telling = [(stem(word), shown) for word, shown in zip(words, typed, strict=True) if word not in stop]
        for number, (one, shown) in enumerate(telling):
            features.setdefault(f"w {one}", shown)
            for other, also in telling[number + 1 : number + 2]:
                features.setdefault(f"n {one} {other}", f"{shown} {also}")
        features.update({f"p {pair}": pair for pair in pairs(text)})
        return features


def _texts(book: Playbook, titles: dict[str, str]) -> Iterable[tuple[str, float]]:
    for text in (*book.says, *_phrases().get(book.id, ())):
        yield text, 1.0
    yield book.title, TITLE
    for symptom in sorted(book.proof_symptoms):
        if symptom in titles:
            yield titles[symptom], SYMPTOM


@functools.cache
def _phrases() -> dict[str, tuple[str, ...]]:
    """What users say beside the playbooks, by cause, in all languages."""
    found: dict[str, tuple[str, ...]] = {}
    for language in LANGUAGES:
        text = files("doctor.ask").joinpath("phrases", f"{language}.toml").read_text("utf-8")
        for cause, phrases in tomllib.loads(text).items():
            found[cause] = (*found.get(cause, ()), *phrases)
    return found


@functools.cache
def _common() -> dict[str, int]:
    """How common a cause is, 0 to 3."""
    common: dict[str, int] = tomllib.loads(files("doctor.ask").joinpath("common.toml").read_text("utf-8"))
    return common


def _profile(documents: Iterable[Document]) -> dict[str, float]:
    """Every feature of a cause with the weight of the best document that has it."""
    profile: dict[str, float] = {}
    for document in documents:
        for feature in document.features:
            profile[feature] = max(profile.get(feature, 0.0), document.weight)
    return profile


def _rarity(profiles: Iterable[dict[str, float]], count: int) -> dict[str, float]:
    """How telling a feature is: the logarithm of how many causes there are for each that it speaks of."""
    causes = Counter(feature for profile in profiles for feature in profile)
    return {feature: math.log((count + 1) / (number + 0.5)) for feature, number in causes.items()}


def _words(features: Iterable[str], said: dict[str, str]) -> tuple[str, ...]:
    """The user's words behind the most telling features, without those that are part of another."""
    chosen: list[str] = []
    for feature in features:
        words = said[feature]
        if len(chosen) < REASONS and not any(words in other or other in words for other in chosen):
            chosen.append(words)
    return tuple(chosen)
