"""Whether a text has degenerated, by its letters alone: floods, loops and salads (probe P05).

Calibrated on samples: English prose compresses 1.6 times and has 4.1 bits of entropy a character, a list of numbers
2.0 times, compact JSON of similar objects 3.8 times, a phrase loop 13 times, a flood of one glyph 8 times.
"""

import math
import re
import unicodedata
import zlib
from collections import Counter

import msgspec

LONG_ENOUGH = 96  # characters; statistics of shorter texts say nothing
FLOOD_RUN = 16  # the same visible character in a row
FLOOD_SHARE = 0.5  # and the run is at least this share of the text
PURE_FLOOD_RUN = 8  # enough when there is nothing else, as in a stream that was cut
LOOP_REPEATED = 0.5  # share of word 4-grams (character 8-grams without words) that occurred before
LOOP_COMPRESSION = 6.0
SHORT_LOOP_REPEATS = 12  # repeats of one piece of 2 to 8 characters in a row
SALAD_SCRIPTS = 3  # scripts with at least SCRIPT_SHARE of the letters each
SCRIPT_SHARE = 0.08
SALAD_ENTROPY_BITS = 6.5
BROKEN_SHARE = 0.1  # of the characters are U+FFFD or control characters
RULES = set(" \t\n-=_*~.·─━═|")  # people draw lines with these
REPLACEMENT = "�"
SHORT_LOOP = re.compile(rf"(\S{{2,8}}?)\1{{{SHORT_LOOP_REPEATS - 1},}}")
MAX_CHARACTERS = 4000


class Degeneration(msgspec.Struct, frozen=True, kw_only=True):
    """Measures of one text. `kind`: "glyph-flood", "phrase-loop", "salad", or "" for a text that looks like one."""

    kind: str
    characters: int
    longest_run: int = 0
    run_character: str = ""
    repeated: float = 0.0  # share of word 4-grams that occurred before, 0 to 1
    compression: float = 1.0  # bytes / deflated bytes
    entropy_bits: float = 0.0  # of a character
    scripts: tuple[str, ...] = ()
    broken: int = 0  # U+FFFD and control characters
    loop: str = ""  # the piece that repeats


def degeneration(text: str) -> Degeneration:
    """Measure a text. Structured output (JSON, code) repeats by nature: do not judge it by this."""
    text = text[:MAX_CHARACTERS].strip()
    if not text:
        return Degeneration(kind="", characters=0)
    run, glyph = longest_run(text)
    broken = sum(c == REPLACEMENT or (unicodedata.category(c) == "Cc" and c not in "\n\t\r") for c in text)
    encoded = text.encode("utf-8", "replace")
    measured = Degeneration(
        kind="",
        characters=len(text),
        longest_run=run,
        run_character=glyph,
        repeated=repeated_share(text),
        compression=len(encoded) / len(zlib.compress(encoded, 9)),
        entropy_bits=entropy_bits(text),
        scripts=scripts(text),
        broken=broken,
        loop=short_loop(text),
    )
    return msgspec.structs.replace(measured, kind=kind_of(measured))


def kind_of(text: Degeneration) -> str:
    """What the measures add up to; a flood is told from a loop, a loop from a salad."""
    if text.longest_run >= FLOOD_RUN and text.longest_run >= FLOOD_SHARE * text.characters:
        return "glyph-flood"
    if text.longest_run >= PURE_FLOOD_RUN and text.longest_run == text.characters:
        return "glyph-flood"
    if text.loop:
        return "phrase-loop"
    if text.characters < LONG_ENOUGH:
        return ""
    if text.repeated > LOOP_REPEATED or text.compression > LOOP_COMPRESSION:
        return "phrase-loop"
    if text.broken > BROKEN_SHARE * text.characters:
        return "salad"
    mixed = len(text.scripts) >= SALAD_SCRIPTS
    return "salad" if mixed and text.entropy_bits > SALAD_ENTROPY_BITS - 1.5 else ""


def longest_run(text: str) -> tuple[int, str]:
    """Length and character of the longest run of one visible character; lines drawn of dashes are left out."""
    best, glyph, length, previous = 0, "", 0, ""
    for character in text:
        length = length + 1 if character == previous else 1
        previous = character
        if length > best and character not in RULES:
            best, glyph = length, character
    return best, glyph


def short_loop(text: str) -> str:
    """The piece of 2 to 8 characters that fills half of the text by repeating, "" when there is none."""
    found = SHORT_LOOP.search(text)
    if found is None or len(found.group()) < FLOOD_SHARE * len(text) or set(found.group(1)) <= RULES:
        return ""
    return found.group(1)


def repeated_share(text: str) -> float:
    """Share of word 4-grams that occurred before in the text; of character 8-grams where words are not spaced."""
    words = text.split()
    spaced = len(words) >= len(text) / 20
    units = words if spaced else list(text)
    size = 4 if spaced else 8
    grams = [tuple(units[i : i + size]) for i in range(len(units) - size + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def entropy_bits(text: str) -> float:
    """Shannon entropy of the characters, in bits."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def scripts(text: str) -> tuple[str, ...]:
    """Writing systems with a real share of the letters, most used first, by the first word of the Unicode name."""
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return ()
    # Japanese mixes three by nature, and width variants are no scripts of their own
    same = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "IDEOGRAPHIC": "CJK", "FULLWIDTH": "LATIN", "HALFWIDTH": "CJK"}
    names = Counter(unicodedata.name(c, "UNNAMED").split()[0] for c in letters)
    merged: Counter[str] = Counter()
    for name, n in names.items():
        merged[same.get(name, name)] += n
    return tuple(name for name, n in merged.most_common() if n >= SCRIPT_SHARE * len(letters))
