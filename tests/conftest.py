"""Fixtures that several tests share: a healthy engine."""

import pytest

from doctor.ward import engine as ward_engine


@pytest.fixture(scope="session")
def engine():
    """Base URL of a healthy, real llama.cpp server with the patient as it is; one for the whole session."""
    with ward_engine.serving() as running:
        yield running.url
