"""Text made fit for a terminal: harmless, and ASCII where only ASCII can be shown."""

from doctor.report import Look
from doctor.text import plain

# Signs that our own sentences use, for terminals that show ASCII only.
ASCII = str.maketrans(
    {
        "…": "...",
        "–": "-",
        "—": "-",
        "×": "x",
        "≤": "<=",
        "≥": ">=",
        "→": "->",
        "°": " deg ",
        "’": "'",
        "µ": "u",
        "±": "+/-",
    }
)
MAX_PIECE = 2000
MIN_TEXT_WIDTH = 16


def said(text: str, look: Look) -> str:
    """Text made harmless, and ASCII where only ASCII can be shown."""
    clean = plain(text, MAX_PIECE).expandtabs(4)
    return clean.translate(ASCII).encode("ascii", "backslashreplace").decode() if look.ascii else clean
