"""Fixtures that several tests share: a healthy engine."""

import pytest
from hypothesis import settings

from doctor.ward import engine as ward_engine

# A machine that others use as well is slow at times; the timeout of each test bounds it all the same.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")
SESSION_S = 3600.0  # longer than a whole session takes where others compute as well


@pytest.fixture(scope="session")
def engine():
    """Base URL of a healthy, real llama.cpp server with the patient as it is; one for the whole session."""
    with ward_engine.serving(settings=ward_engine.Settings(max_life_s=SESSION_S)) as running:
        yield running.url
