"""What checks cost: every bundled one was measured, and a check of the user's own is assumed to be dear."""

from pathlib import Path

import msgspec

from doctor.ask.costs import _measured, cost_of
from doctor.model import Depth
from doctor.plugins import bundled_checks
from doctor.selection import suited


def test_every_bundled_check_was_measured():
    """When this fails for a new check: .venv/bin/python scripts/costs.py."""
    assert {check.id for check in suited(bundled_checks(), index=False)} == set(_measured())


def test_reading_is_cheaper_than_asking_whatever_it_takes():
    one = bundled_checks()[0]
    own = msgspec.structs.replace(one, id="my-own", path=Path("my-own.py"), depth=Depth.PASSIVE)

    assert cost_of(own).order < cost_of(msgspec.structs.replace(own, depth=Depth.QUICK)).order
    assert cost_of(msgspec.structs.replace(own, depth=Depth.DEEP)).requests == 20
