"""Names that say that a value is a secret."""

WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH")


def is_secret(name: str) -> bool:
    """Whether a variable's or an option's name says that its value is a secret."""
    return any(word in name.upper() for word in WORDS)
