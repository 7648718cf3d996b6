"""How the tones of `words` look: styles of the theme, so that light and dark both have contrast."""

from textual.content import Content

STYLES = {
    "good": "$text-success",
    "warn": "$text-warning",
    "bad": "bold $text-error",
    "faint": "$foreground 65%",
    "": "",
}


def toned(text: str, tone: str) -> Content:
    """Text in a tone. The text is taken as it is: it is never markup."""
    return Content.styled(text, STYLES.get(tone, ""))
