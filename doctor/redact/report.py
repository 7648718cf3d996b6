"""A whole report redacted: every text in it in one pass, and what belongs to the user's conversations left out."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

import msgspec

from doctor.model import Redaction, Report
from doctor.redact.identifiers import is_telling, is_telling_user
from doctor.redact.late import late
from doctor.redact.names import is_placeholder, is_secret_name
from doctor.redact.redactor import Level, Redactor
from doctor.redact.vocabulary import words

# One text holds all strings of a report: the words of a command line stand beside each other, everything else is apart.
BESIDE, APART = "\x1e", "\x1d"
CONTENT = words("content")
CONTENT_LABELS = frozenset({"filter", "values of chunks"})  # of evidence whose value is of that kind
CONTENT_OPTIONS = frozenset({"--filter"})  # whose next word is
SEPARATORS = str.maketrans({BESIDE: " ", APART: " "})


class Texts:
    """The strings of a JSON-like value, in order, and the value put together again with others in their place."""

    def __init__(self, value: Any, level: Level, *, with_content: bool) -> None:  # noqa: ANN401 - JSON-like data
        self.left_out = 0
        self._with_content = with_content or level is Level.NOTHING
        self._with_filters = self._with_content or level is not Level.ALL  # on the own screen a command must work
        self._strings: list[str] = []
        self._places: dict[str, int] = {}
        self._forced: dict[int, str] = {}
        self.shape = self._taken(value)

    def _taken(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, str):
            place = self._places.get(value)
            return self._added(value, APART) if place is None else place
        if isinstance(value, dict):
            return {
                self._taken(key) if isinstance(key, str) else Kept(key): self._field(key, item, value)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            if len(value) > 1 and all(isinstance(item, str) for item in value):
                last = len(value) - 1
                said = [self._word(before, item) for before, item in zip(["", *value], value, strict=False)]
                return [self._added(item, APART if at == last else BESIDE) for at, item in enumerate(said)]
            return [self._taken(item) for item in value]
        return Kept(value)

    def _word(self, before: str, word: str) -> str:
        """A word of a command line; what the user filters by is left out."""
        if before not in CONTENT_OPTIONS or self._with_filters or _is_said(word):
            return word
        self.left_out += 1
        return str(_said_of(word))

    def _added(self, text: str, separator: str) -> int:
        """One more string. The same string twice is one, unless it has neighbours."""
        self._strings.append(text.translate(SEPARATORS) + separator)
        place = len(self._strings) - 1
        if separator == APART:
            self._places.setdefault(text, place)
        return place

    def _field(self, key: str, item: Any, record: dict[str, Any]) -> Any:  # noqa: ANN401
        kept = key not in CONTENT or self._with_content
        if key == "value" and record.get("label") in CONTENT_LABELS:
            kept = self._with_filters
        if not kept and item and not isinstance(item, (int, float)) and not _is_said(item):
            self.left_out += 1
            return self._taken(_said_of(item))
        place = self._taken(item)
        kind = _kind_of(key, item, record)
        if kind:
            place = self._added(item, APART)
            self._forced[place] = kind
        return place

    def through(self, redactor: Redactor) -> Any:  # noqa: ANN401
        """The value with every string redacted."""
        joined = redactor.text("".join(self._strings))
        strings = joined.replace(BESIDE, APART).split(APART)[:-1]
        if len(strings) != len(self._strings):  # a replacement went across a border: then one by one
            strings = [redactor.text(text[:-1]) for text in self._strings]
        for place, kind in self._forced.items() if redactor.level is not Level.NOTHING else ():
            if kind == "credential" or redactor.level is Level.ALL:
                redactor.aliases.counts[kind] += 1
                strings[place] = redactor.aliases.of(kind, self._strings[place][:-1])
        return _put(self.shape, strings)


def _kind_of(key: str, item: Any, record: dict[str, Any]) -> str:  # noqa: ANN401
    """What a field's name, or the label beside a value, says that the value is; "" where it says nothing."""
    if not isinstance(item, str) or not item:
        return ""
    name = str(record["label"]) if key == "value" and isinstance(record.get("label"), str) else key
    if is_secret_name(name) and not is_placeholder(item) and " " not in item:
        return "credential"
    if name in USER_KEYS and is_telling_user(item):
        return "user"
    return "host" if name in HOST_KEYS and is_telling(item) and HOST_NAME.fullmatch(item) else ""


USER_KEYS = frozenset({"user", "username", "owner", "login"})
HOST_KEYS = frozenset({"host", "hostname", "node"})
HOST_NAME = late(r"[A-Za-z0-9][\w.-]*")


def names_in(report: Report) -> tuple[set[str], set[str]]:
    """Accounts and hosts that fields of the report name: what is hidden there is hidden in its sentences, too."""
    users: set[str] = set()
    hosts: set[str] = set()
    for target in report.targets:
        hosts.add(_host_of(target.url))
        for fact in target.facts.values():
            if isinstance(fact, dict):
                users.update(fact[key] for key in USER_KEYS if isinstance(fact.get(key), str))
                hosts.update(fact[key] for key in HOST_KEYS if isinstance(fact.get(key), str))
    return users, {host for host in hosts if HOST_NAME.fullmatch(host)}


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


class Kept(msgspec.Struct, frozen=True):
    """A number, a truth value or nothing: not a place of a string."""

    value: Any


def _put(shape: Any, strings: list[str]) -> Any:  # noqa: ANN401
    if isinstance(shape, Kept):
        return shape.value
    if isinstance(shape, int):
        return strings[shape]
    if isinstance(shape, dict):
        return {_put(key, strings): _put(item, strings) for key, item in shape.items()}
    return [_put(item, strings) for item in shape]


def _said_of(item: Any) -> Any:  # noqa: ANN401
    """What may be said of a text that is left out: how long it is, and whether it is the same as another."""
    if isinstance(item, str):
        digest = hashlib.sha256(item.encode("utf-8", "replace")).hexdigest()[:12]
        return f"(left out: {len(item)} characters, sha256 {digest})"
    if isinstance(item, (list, tuple)):
        return [_said_of(each) for each in item]
    if isinstance(item, dict):
        return {key: _said_of(each) for key, each in item.items()}
    return item


def _is_said(item: Any) -> bool:  # noqa: ANN401
    return isinstance(item, str) and item.startswith("(left out: ")


def redacted(report: Report, redactor: Redactor, *, include_content: bool = False) -> Report:
    """The report as it may leave, with a note of what was done to it."""
    whole = redactor.level is Level.NOTHING
    redactor.learn(*names_in(report))
    texts = Texts(msgspec.to_builtins(report), redactor.level, with_content=include_content)
    clean = msgspec.convert(texts.through(redactor), Report)
    before = report.redaction
    if before is not None and before.level != Level.NOTHING and whole:
        return report
    content = "included" if whole or include_content else "left out"
    if before is not None and before.content == "left out":
        content = "left out"
    counts = dict(before.replaced) if before is not None else {}
    for kind, number in {**redactor.counts, **({"content": texts.left_out} if texts.left_out else {})}.items():
        counts[kind] = counts.get(kind, 0) + number
    level = before.level if before is not None and before.level == Level.ALL else redactor.level.value
    note = Redaction(level=level, replaced=dict(sorted(counts.items())), content=content)
    return msgspec.structs.replace(clean, redaction=note)
