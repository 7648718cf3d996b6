"""One output's redactor: finds in every view of a text, replaces, counts, and looks again at what was written."""

import base64
import binascii
import enum
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, unquote_to_bytes

import msgspec

from doctor.redact import identifiers, secrets
from doctor.redact.aliases import ALIAS_WORD, Aliases
from doctor.redact.known import COMMON_WORDS, MIN_BARE_NAME, Known
from doctor.redact.late import late
from doctor.redact.spans import Span, Text, View, merged
from doctor.text import ESCAPES


class Level(enum.StrEnum):
    """How much is taken out: secrets and names, secrets alone, or nothing at all."""

    ALL = "all"
    SECRETS = "secrets"
    NOTHING = "nothing"


ENCODED = late(r"[A-Za-z0-9+/_-]{16,}+={0,2}")
READABLE = bytes([9, 10, 13, *range(32, 127)])
MAX_ENCODED = 1 << 20
CONTROL = "\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\x00-\x08\x0b\x0c\x0e-\x1c\x7f-\x9f"
A_CONTROL = late(f"[{CONTROL}]")
INVISIBLE = late(f"(?:{ESCAPES.pattern}|[{CONTROL}])+")
PERCENT = late(r"(?:%[0-9A-Fa-f]{2})+")
ESCAPED = late(r"\\+(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[\"'/\\bfnrt])")
SIMPLE = {"b": "", "f": "", "n": "\n", "r": "", "t": "\t"}
# A line that begins with a name and its separator, or with a plain word, does not go on with the one before.
ANEW = r"(?![A-Za-z_][\w.-]{0,60}\s*[=:]|[A-Z]?[a-z]{0,12}[^\w+/.=-]|[A-Z]{1,5}[^\w+/.=-])"
FROM_BREAK = rf"\n[ \t]*(?=[A-Za-z0-9+/_.=-]){ANEW}"
AFTER_BREAK = late(FROM_BREAK)
BROKEN = late(rf"[ \t]*\\?\r?{FROM_BREAK}")
LONG_LINE = r"\n(?<=[^\n]{40}\n)(?=[^\s])"  # the break first: it is what can be searched for fast
HARD_BREAK = late(LONG_LINE)
GOES_ON = late(LONG_LINE + ANEW)
MAX_NESTING = 2
SECRETS = (secrets.shaped, secrets.named, secrets.carried, secrets.random_words)
NAMES = (identifiers.people, identifiers.hosts, identifiers.network, identifiers.hardware)
LINE_END = late("[\n\x1d]")
Find = Callable[[str], Iterable[Span]]
Decode = Callable[[re.Match[str]], str]


class Redactor:
    """Replaces in texts. Not for several threads at once."""

    def __init__(self, known: Known | None = None, level: Level = Level.ALL, aliases: Aliases | None = None) -> None:
        self.level = level
        self.known = known or Known()
        self.aliases = aliases or Aliases()
        self._secrets = _literals(self.known.secrets, encoded=True)
        self._names = self._known_names()

    @property
    def counts(self) -> dict[str, int]:
        """How many places were replaced, by kind."""
        return dict(sorted(self.aliases.counts.items()))

    def text(self, text: str) -> str:
        """The text with everything replaced that must not leave."""
        if self.level is Level.NOTHING:
            return text
        pieces, last = [], 0
        for span in self.spans(text):
            alias = self.aliases.of(span.kind, span.value)
            self.aliases.counts[span.kind] += 1
            pieces += [text[last : span.start], alias]
            last = span.end
        return "".join([*pieces, text[last:]]) if pieces else text

    def leaks(self, finished: str) -> list[str]:
        """Kinds of what is still in a finished text, which then must not be written."""
        if self.level is Level.NOTHING:
            return []
        return sorted({span.kind for span in self.spans(finished)})

    def spans(self, text: str) -> list[Span]:
        """What would be replaced, in order, without overlaps."""
        found = list(self._look(text, 0))
        spans = merged(found, secrets.KINDS.__contains__)
        return [span for span in spans if not ALIAS_WORD.fullmatch(text[span.start : span.end].rstrip(".,;:!?)]}>"))]

    def learn(self, users: Iterable[str] = (), hosts: Iterable[str] = ()) -> None:
        """Take note of more names; they are then replaced wherever they stand."""
        self.known = msgspec.structs.replace(
            self.known,
            users=tuple(dict.fromkeys([*self.known.users, *filter(identifiers.is_telling_user, users)])),
            hosts=tuple(dict.fromkeys([*self.known.hosts, *filter(identifiers.is_telling, hosts)])),
        )
        self._names = self._known_names()

    def _look(self, text: str, nesting: int) -> Iterator[Span]:
        """Findings in the text as it stands, then in each view of it."""
        yield from self._plain(text)
        yield from self._encoded(text, nesting)
        if A_CONTROL.search(text):
            yield from _through(View(text, INVISIBLE, lambda _: ""), lambda seen: self._look(seen, nesting))
            return
        if nesting >= MAX_NESTING:
            return
        if "\\" in text:
            yield from self._lines(text, ESCAPED, _unescaped, nesting)
        if "%" in text:
            yield from self._lines(text, PERCENT, _unquoted, nesting)
        if "\n" in text:
            # Joined lines seldom hold anything; where each character comes from is worked out only if they do.
            if any(True for _ in self._unbroken(_joined(text))):
                yield from _through(View(text, BROKEN, lambda _: ""), self._unbroken)
            yield from _across(text, HARD_BREAK, _named_values, secrets.MAX_NAME)
            yield from _across(text, GOES_ON, secrets.random_words, 0)

    def _lines(self, text: str, pattern: re.Pattern[str], decode: Decode, nesting: int) -> Iterator[Span]:
        """Findings in the lines that hold an encoding, once it is taken off."""
        match = pattern.search(text)
        while match:
            begin = max(text.rfind("\n", 0, match.start()), text.rfind("\x1d", 0, match.start())) + 1
            stop = LINE_END.search(text, match.end())
            end = stop.start() if stop else len(text)
            for span in _through(View(text[begin:end], pattern, decode), lambda seen: self._look(seen, nesting + 1)):
                yield Span(span.start + begin, span.end + begin, span.kind, span.value)
            match = pattern.search(text, end)

    def _plain(self, text: str) -> Iterator[Span]:
        said = Text(text)
        yield from _literal(text, self._secrets)
        for find in SECRETS:
            yield from find(said)
        if self.level is Level.ALL:
            yield from _literal(text, self._names)
            for find in NAMES:
                yield from find(said)

    def _unbroken(self, text: str) -> Iterator[Span]:
        """In a text whose lines were joined: what the joining itself can make up is not looked for."""
        yield from _literal(text, self._secrets)
        yield from secrets.shaped(Text(text))

    def _encoded(self, text: str, nesting: int) -> Iterator[Span]:
        """Base64 that hides something; it goes as a whole."""
        if nesting >= MAX_NESTING:
            return
        for match in ENCODED.finditer(text):
            inner = _decoded(match[0][:MAX_ENCODED])
            if inner and next(iter(self._look(inner, nesting + 1)), None):
                yield Span(*match.span(), "encoded", match[0])

    def _known_names(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        known = self.known
        found = [
            *((_path(home), "home") for home in sorted(known.homes, key=len, reverse=True)),
            *((_word(name), "person") for name in known.full_names),
            *((_word(name), "serial") for name in known.serials),
            *((_word(name), "host") for name in known.hosts),
        ]
        for user in known.users:
            bare = len(user) >= MIN_BARE_NAME and user.lower() not in COMMON_WORDS
            found.append((_word(user) if bare else _in_place(user), "user"))
        return tuple(found)


def _across(text: str, breaks: re.Pattern[str], find: Callable[[Text], Iterable[Span]], before: int) -> Iterator[Span]:
    """What only joined lines show: the break is within the span, or within so many characters before its value."""
    if not any(True for _ in find(Text(breaks.sub("", text)))):
        return
    view = View(text, breaks, lambda _: "")
    for span in find(Text(view.text)):
        if view.joins(span.start - before, (span.start if before else span.end) - 1):
            yield view.back(span)


def _joined(text: str) -> str:
    """The text without what `BROKEN` matches: searching for the break itself is twenty times faster."""
    pieces, last = [], 0
    for match in AFTER_BREAK.finditer(text):
        pieces.append(text[last : match.start()].removesuffix("\r").removesuffix("\\").rstrip(" \t"))
        last = match.end()
    return "".join([*pieces, text[last:]]) if pieces else text


def _named_values(said: Text) -> Iterator[Span]:
    yield from secrets.named(said)
    yield from secrets.carried(said)


def _through(view: View, find: Find) -> Iterator[Span]:
    for span in find(view.text):
        yield view.back(span)


def _literals(values: Iterable[str], *, encoded: bool) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns of exact values, longest first, also as base64 at each of its three alignments."""
    forms: list[str] = []
    for value in values:
        forms += [value, quote(value, safe="")]
        if encoded:
            data = value.encode("utf-8", "replace")
            forms += [base64.b64encode(b"\0" * shift + data).decode()[4 if shift else 0 : -4] for shift in range(3)]
    unique = sorted({form for form in forms if len(form) >= 6}, key=len, reverse=True)
    return tuple((re.compile(re.escape(form)), "credential") for form in unique)


def _literal(text: str, patterns: Iterable[tuple[re.Pattern[str], str]]) -> Iterator[Span]:
    for pattern, kind in patterns:
        for match in pattern.finditer(text):
            yield Span(*match.span(), kind, match[0])


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?i)(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")


def _in_place(user: str) -> re.Pattern[str]:
    """A name that is also an everyday word: only in paths, and before or after the sign of an address."""
    name = re.escape(user)
    return re.compile(rf"(?<=[/\\@]){name}(?=[/\\@:]|\Z)|(?<![\w.-]){name}(?=@)")


def _path(home: str) -> re.Pattern[str]:
    return re.compile(re.escape(home) + r"(?![\w.-])")


def _unescaped(match: re.Match[str]) -> str:
    code = match[0].lstrip("\\")
    if code[:1] in ("u", "x") and len(code) > 1:
        return chr(int(code[1:], 16))
    return SIMPLE.get(code, code)


def _unquoted(match: re.Match[str]) -> str:
    return unquote_to_bytes(match[0]).decode("utf-8", "replace")


def _decoded(run: str) -> str:
    """The text inside a run of base64, "" when it holds none."""
    if run.islower() or run.isupper() or run.isdigit():
        return ""  # a path, a digest: encoded text mixes cases
    run = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(run + "=" * (-len(run) % 4), validate=True)
    except (binascii.Error, ValueError):
        return ""
    head = data[:64]
    if len(head.translate(None, READABLE)) > len(head) // 10:
        return ""
    return data.decode("utf-8", "replace")
