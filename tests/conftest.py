"""Fixtures that several tests share: a healthy engine, and an address without one."""

import gc
import math
import os
import socket

import pytest
from hypothesis import settings

from doctor.ward import engine as ward_engine

# A machine that others use as well is slow at times; the timeout of each test bounds it all the same.
# In continuous integration a change is judged by the same examples as the one before; elsewhere new ones are tried.
settings.register_profile("shared machine", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("shared machine")
# Python's 700 new objects start a collection; a view makes a hundred thousand, and half its time went to collecting.
gc.set_threshold(20_000, 20, 20)
SESSION_S = 6 * 3600.0  # longer than a whole session takes on a slow machine where others compute as well


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Three for two processors: a third of a patient's time passes in waiting, for it or for its own slowness."""
    return math.ceil(1.5 * (os.cpu_count() or 1))


def pytest_collection_finish():
    """Six thousand tests and all they import stay to the end: no collection need go through them again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """So do the libraries that a file of tests has loaded; going through them held a worker up for seconds."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session")
def engine():
    """Base URL of a healthy, real llama.cpp server with the patient as it is; one for the whole session."""
    with ward_engine.serving(settings=ward_engine.Settings(max_life_s=SESSION_S)) as running:
        yield running.url


@pytest.fixture
def dead_url():
    """An address at which nobody listens, nor can begin to: the port is taken, by a socket that does not listen."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
