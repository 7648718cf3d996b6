"""Words of a text in any script, and what makes a chunk worth finding: not empty, not boilerplate, not bytes."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

# A word is a run of letters or digits; a character of a script without spaces is a word of its own.
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
TERM = re.compile(rf"[{UNSPACED}]{{2,}}|[^\W\d_{UNSPACED}]{{4,}}")  # what can carry meaning: no digits, no short words
LINE_ENDS = re.compile(r"\n+|(?<=[.!?])\s+")
FEWEST_WORDS = 3
BOILERPLATE_SHARE = 0.3  # of the sampled chunks that hold a line: a header or footer, no content
BOILERPLATE_CHUNKS = 5  # at least: in a small sample one document's title is soon in a third of it
BINARY_SHARE = 0.1  # of the characters that no text has
MAGIC = ("%PDF-", "PK\x03\x04", "\x89PNG", "\xff\xd8\xff", "{\\rtf")
SHINGLE = 5
SAME_SHARE = 0.9  # of the shingles of the shorter text that the other has too


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return WORD.findall(text.lower())


def terms(text: str) -> list[str]:
    """Words that can tell one chunk from another, in lower case."""
    return TERM.findall(text.lower())


def is_empty(text: str) -> bool:
    """Whether a chunk has too few words to be found by."""
    return len(WORD.findall(text[:200])) < FEWEST_WORDS


def is_binary(text: str) -> bool:
    """Whether a chunk is a file's bytes and not its text."""
    if text.startswith(MAGIC):
        return True
    odd = sum(c == "\ufffd" or (ord(c) < 32 and c not in "\n\r\t\f") or 0x7F <= ord(c) < 0xA0 for c in text)
    return odd > BINARY_SHARE * len(text)


def boilerplate(texts: Sequence[str]) -> tuple[bool, ...]:
    """For each text, whether more than half of its words stand in lines that many of the texts share."""
    split = [[" ".join(words(line)) for line in LINE_ENDS.split(text)] for text in texts]
    seen = Counter(line for lines in split for line in set(lines) if line)
    often = max(BOILERPLATE_CHUNKS, BOILERPLATE_SHARE * len(texts))
    common = {line for line, count in seen.items() if count >= often}
    found = []
    for lines in split:
        total = sum(len(line.split()) for line in lines)
        shared = sum(len(line.split()) for line in lines if line in common)
        found.append(total > 0 and shared * 2 > total)
    return tuple(found)


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """Runs of five words; the whole text where it is shorter."""
    all_words = words(text)
    if len(all_words) <= SHINGLE:
        return frozenset([tuple(all_words)])
    return frozenset(tuple(all_words[i : i + SHINGLE]) for i in range(len(all_words) - SHINGLE + 1))


def same(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    """Whether two texts say the same: nearly all runs of words of the shorter one are in the other."""
    return len(one & other) >= SAME_SHARE * min(len(one), len(other))


def repeated(texts: Iterable[str]) -> int:
    """How many of the texts, in order, say the same as an earlier one."""
    kept: list[frozenset[tuple[str, ...]]] = []
    count = 0
    for text in texts:
        found = shingles(text)
        if any(same(found, earlier) for earlier in kept):
            count += 1
        else:
            kept.append(found)
    return count
