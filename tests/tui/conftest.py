"""What the tests of the face share: no colour settings of the machine that runs them."""

import pytest


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """Textual reads these when an app is made."""
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
