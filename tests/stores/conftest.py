"""Fixtures for tests of stores: a small corpus with vectors, and a real PostgreSQL for the session."""

import pytest

from tests.rag.corpus import corpus
from tests.rag.postgres import postgres
from tests.rag.word_vectors import word_vectors


@pytest.fixture(scope="session")
def rows():
    """Sixty paragraphs with vectors of 256 numbers."""
    plain = corpus(60)
    return plain.with_vectors(word_vectors(plain.texts))


@pytest.fixture(scope="session")
def cluster():
    """The address of a real PostgreSQL with pgvector."""
    with postgres() as url:
        yield url
