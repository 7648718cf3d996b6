"""The only door to a terminal: untrusted text made harmless, and numbers made readable."""

import re
import unicodedata

MAX_CHARACTERS = 500
THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
FENCE = re.compile(r"\A```[\w-]*\n(.*?)\n?```\Z", re.DOTALL)
# Terminal control sequences: CSI, OSC/DCS/PM/APC/SOS with their payload, then any other escape.
ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
KEPT_CONTROLS = {"\n", "\t"}
# Category Cf holds bidirectional controls and zero-width characters; emoji need the joiner, terminals do not.
DROPPED_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn"}
OBJECT = "\ufffc"  # stands for something that no terminal can show


def plain(text: str, limit: int = MAX_CHARACTERS) -> str:
    """Text without control, escape, bidirectional and zero-width characters, cut to `limit` with a visible mark."""
    text = ESCAPES.sub("", str(text)[: limit * 8])
    harmless = text.replace("\n", "").isprintable() and OBJECT not in text  # so is nearly all text
    kept = text if harmless else "".join(c for c in text if _kept(c))
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def _kept(character: str) -> bool:
    if character in KEPT_CONTROLS:
        return True
    return character != OBJECT and unicodedata.category(character) not in DROPPED_CATEGORIES


def one_line(text: str, limit: int = 160) -> str:
    """`plain` text on one line, runs of white space folded."""
    return plain(" ".join(plain(text, limit * 4).split()), limit)


def answer_text(content: str) -> str:
    """An answer as probes score it: normalised, without thinking part, code fence, outer space and one full stop."""
    text = unicodedata.normalize("NFC", content)
    text = THINKING.sub("", text).strip()
    fenced = FENCE.match(text)
    if fenced:
        text = fenced.group(1).strip()
    return text.removesuffix(".").strip()


def mib(count_bytes: float) -> str:
    """Bytes as a person reads them: `512 MiB`, `11.4 GiB`."""
    if abs(count_bytes) >= 1 << 30:
        return f"{count_bytes / (1 << 30):.1f} GiB"
    return f"{count_bytes / (1 << 20):.0f} MiB"


def rough_time(seconds: float) -> str:
    """An estimated time in words: `12 minutes`, `3.5 hours`."""
    if seconds < 90:
        return "a minute" if seconds > 45 else "less than a minute"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"


def percent(share: float) -> str:
    """A share of one as `37 %`."""
    return f"{share * 100:.0f} %"
