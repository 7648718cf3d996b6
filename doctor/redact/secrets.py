"""Secrets in one text as it stands: by shape, by name, in headers and addresses, and words too random for a name."""

import math
import re
import string
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from doctor.redact import names
from doctor.redact.late import late
from doctor.redact.shapes import ELSEWHERE, RANDOM, SHAPES, Shape
from doctor.redact.spans import Span, Text

KINDS = frozenset({"key", "credential", "address", "private-key", "encoded"})
# The last word of a name that may be secret, and what separates it from its value; the name is read backwards from it.
NAME_WORDS = (
    "key",
    "token",
    "secret",
    "pass",
    "credential",
    "cookie",
    "jwt",
    "pat",
    "dsn",
    "authorization",
    "webhook",
    "-hft",
)
SEPARATOR = (
    r"(?:[ \t]+str(?:\n(?= ?=))?)?(?:\\{0,3}[\"'`])?[ \t]*(?:=>|:=|[=:\x1e])[ \t]*"  # of assignments and mappings
    r"|\\{0,3}[\"'],\s*(?=b?\\{0,3}[\"'])"  # of lists of words
    r"|[ \t]+(?=[^\s=:])"  # of options
)
NAMED = late(
    r"(?:key|token|secret|pass(?:wd|word|phrase)?|credential|cookie|jwt|pat|dsn|authorization|webhook|-hft)s?"
    rf"(?:_[a-z0-9_]{{1,20}})?(?P<between>{SEPARATOR})"
)
BEFORE = late(r"(?<![\w-])-{0,2}[A-Za-z_][\w.-]*\Z|(?<![\w-])-{1,2}\Z|(?<![\w-])\Z")
IN_NAMES = string.ascii_letters + string.digits + "_.-"
MAX_NAME = 64
LONE = frozenset(
    {"token", "auth"}
)  # by themselves they say little: only a long value of letters and digits is a secret
LONG = late(r"(?:b?\\{0,3}[\"'`])?(?=[^\s\d]*\d)(?=[^\sA-Za-z]*[A-Za-z])[\w-]{16,}(?![\w./-])")
QUOTED = late(r"b?(?P<quote>\\{0,3}[\"'`])(?P<secret>.{0,4000}?)(?:(?<!\\)(?P=quote)|\Z)", re.DOTALL)
BARE = late(r"[^\s\"'`\x1d\x1e]{1,8192}")
REST = late(r"[^\n\"'`\x1d\x1e]+?(?=\s+(?:-{1,2}[a-z]|[A-Z_]{2,}=)|[\n\"'`\x1d\x1e]|\Z)")
# What stands where a value is expected and is none: a variable, a path, the next words of a sentence.
TYPES = late(
    r"(?i)(?:\$\{?\w+\}?|\$\(.*|\{\{.*|%\(?\w+\)?s?|<[\w |_-]+>|\[.*|\{.*|/[\w./-]+|~/.*|file:.*"
    r"|(?:is|are|was|not|for|in|and|or|of|to|from|with|the|a|an|has)\b.*)\Z"
)
NUMBER = late(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?(?:%|ms|s|/s|tok/s|tokens?)?\Z")
GUESSED = late(r"(?i)pass|secret")  # people choose numbers for these, and nobody for keys
WORD = late(r"[A-Za-z]{1,15}\Z")
# A mean of bits for each character above which a word of 20 and more has no order; English words have 3 to 3.6.
MIN_BITS = 3.7
MIN_SWITCHES = 0.24
CONTINUES = late(r"\n[ \t]*(?P<rest>[A-Za-z0-9+/_.~-]+={0,2})(?=[\s\"',;)\]}]|\Z)")
LAST_WORD = late(r"(?<![^\s=:,\"'])[A-Za-z0-9+/_-]{1,200}\Z")
STARTS_ANEW = late(r"[A-Za-z_][\w.-]*(?:[=:]|\s*=)")
LEAST_WRAP = 40


def shaped(said: Text) -> Iterator[Span]:
    """Keys of known issuers, signed tokens, private keys, addresses that are secrets."""
    text = said.text
    for shape in SHAPES:
        if shape.literal not in text:
            continue
        group = "secret" if "secret" in shape.pattern.groupindex else 0
        for match in _matches(shape, text):
            if not names.is_placeholder(match[group]):
                yield Span(*match.span(group), shape.kind, match[group])


def _matches(shape: Shape, text: str) -> Iterator[re.Match[str]]:
    """Matches that begin with the shape's literal, which is found faster than the pattern."""
    if shape.literal in ELSEWHERE:
        yield from shape.pattern.finditer(text)
        return
    at = text.find(shape.literal)
    while at >= 0:
        match = shape.pattern.match(text, at)
        if match:
            yield match
        at = text.find(shape.literal, match.end() if match else at + 1)


def named(said: Text) -> Iterator[Span]:
    """Values whose name says that they are secret."""
    text, done = said.text, range(0)
    for place in said.at(NAME_WORDS):
        if place in done:
            continue  # inside the value that was found last
        match = NAMED.match(said.low, place)
        if match is None:
            continue
        before = _before(text[max(0, place - MAX_NAME) : place])
        if before is None:
            continue
        begin = place - len(before[0])
        name = text[begin : match.start("between")]
        option = name.startswith("-")
        lone = name.lower() in LONE and LONG.match(text, match.end())
        if not (lone or names.is_secret_name(name)) or (
            not option and (match["between"].isspace() or "," in match["between"])
        ):
            continue
        if text[begin - 1 : begin] in ("?", "&"):
            continue  # in a query, where only the separator ends a value
        span = _value(text, match.end(), name, line_start=text[begin - 1 : begin] in ("", "\n"))
        if span:
            done = range(span.start, span.end)
            yield span


def _before(head: str) -> re.Match[str] | None:
    """The part of a name before its last word, looked for only among the characters that names are made of."""
    stem = head.rstrip(IN_NAMES)
    return BEFORE.search(head, 0 if stem[-1:].isalnum() else len(stem))


def _value(text: str, at: int, name: str, *, line_start: bool) -> Span | None:
    """The value that begins here, or None where nothing is hidden by it."""
    quoted = QUOTED.match(text, at)
    if quoted:
        start, end = quoted.span("secret")
    else:
        pattern = REST if line_start and name.isupper() and "pass" in name.lower() else BARE
        match = pattern.match(text, at)
        if match is None:
            return None
        start, end = match.span()
        end -= len(match[0]) - len(match[0].rstrip(",;)]}>"))
    value = text[start:end]
    if not value.strip() or names.is_placeholder(value) or (TYPES.match(value) and not quoted):
        return None
    strong = name.isupper() or name.startswith("-") or quoted
    if (NUMBER.match(value) and not strong and not GUESSED.search(name)) or (not strong and WORD.match(value)):
        return None
    if not quoted:
        end = _continued(text, start, end)
    return Span(start, end, "credential", text[start:end])


def _continued(text: str, start: int, end: int) -> int:
    """Where a value really ends that a narrow window has broken in two: its rest stands alone on the next line."""
    while True:
        match = CONTINUES.match(text, end)
        if match is None or STARTS_ANEW.match(text, match.start("rest")):
            return end
        line = end - (text.rfind("\n", 0, start) + 1)
        rest = match["rest"]
        mixed = bool(re.search(r"\d", rest) and re.search(r"[A-Za-z]", rest)) or bool(re.search(r"[a-z][A-Z]", rest))
        if not (mixed or line >= LEAST_WRAP or len(rest) >= 16) or end - start > 4000:
            return end
        end = match.end("rest")


def carried(said: Text) -> Iterator[Span]:
    """Values in headers, in addresses and in their queries."""
    low, text = said.low, said.text
    for place in said.at(names.HEADER_WORDS):
        match = names.HEADER.match(low, place)
        if match and names.HEADER_BEFORE.search(low[max(0, place - 12) : place]):
            yield from _span(match, text, "credential")
    for place in said.at(("bearer", "basic")):
        match = names.BEARER.match(low, place)
        if match and re.search(r"\d|[a-z][A-Z]|.{24}", text[match.start("secret") : match.end("secret")]):
            yield from _span(match, text, "credential")
    for match in names.QUERY.finditer(low):
        yield from _span(match, text, "address")
    for match in names.AFTER_SCHEME.finditer(low):
        yield from _span(match, text, "address")
    for place in said.at("@"):
        before = (
            names.BARE_USERINFO.search(low[max(0, place - 265) : place]) if names.HOST_AFTER.match(low, place) else None
        )
        if before:
            yield Span(place - len(before[0]), place, "address", text[place - len(before[0]) : place])


def _span(match: re.Match[str], text: str, kind: str) -> Iterator[Span]:
    start, end = match.span("secret")
    if not names.is_placeholder(match["secret"]):
        end = _continued(text, start, end)
        yield Span(start, end, kind, text[start:end])


def random_words(said: Text) -> Iterator[Span]:
    """Words of mixed case and digits without any order: keys of kinds that have no known shape."""
    text, done = said.text, 0
    for match in RANDOM.finditer(text):
        if match.start() < done or not _disordered(match[0]):
            continue
        before = WORD_BEFORE.search(text[max(0, match.start() - 512) : match.start()])
        after = WORD_AFTER.match(text, match.end())
        start = match.start() - (len(before[0]) if before else 0)
        end = done = after.end() if after else match.end()
        if end - start >= LEAST_RANDOM and not text.startswith(NO_SECRETS, start):
            start, end = _began(text, start), _continued(text, start, end)
            yield Span(start, end, "key", text[start:end])


WORD_BEFORE = late(r"[A-Za-z0-9+/_-]+\Z")
WORD_AFTER = late(r"[A-Za-z0-9+/_-]+")
LEAST_RANDOM = 20
NO_SECRETS = ("_Z", "sha256-", "sha384-", "sha512-")  # mangled names and digests of files


def _began(text: str, start: int) -> int:
    """Where a random word really begins whose first part a narrow window left at the end of the line before."""
    if text[start - 1 : start] != "\n" or start - 1 - (text.rfind("\n", 0, start - 1) + 1) < LEAST_WRAP:
        return start
    first = LAST_WORD.search(text[max(0, start - 512) : start - 1])
    return start - 1 - len(first[0]) if first else start


def _disordered(part: str) -> bool:
    """Whether upper case, lower case and digits follow each other as they come."""
    if part.islower() or part.isupper() or part.isalpha():
        return False
    kinds = [0 if c.isdigit() else 1 if c.isupper() else 2 for c in part]
    if len(set(kinds)) < 3:
        return False
    switches = sum(a != b for a, b in pairwise(kinds)) / len(kinds)
    bits = -sum(n / len(part) * math.log2(n / len(part)) for n in Counter(part).values())
    return switches >= MIN_SWITCHES and bits >= min(MIN_BITS, math.log2(len(part)) - 0.6)
