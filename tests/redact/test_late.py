"""Patterns that are compiled late: they are what they stand for, and every one of ours can be compiled."""

import importlib
import pkgutil
import re

import pytest

import doctor.redact
from doctor.redact.late import _Late, late
from doctor.redact.shapes import SHAPES


def test_it_is_compiled_when_used_and_then_the_pattern_itself():
    found = late(r"b(?P<rest>\w+)", re.IGNORECASE)
    assert "search" not in vars(found)
    assert found.search("a Boat")["rest"] == "oat"
    assert vars(found)["search"] == re.compile(r"b(?P<rest>\w+)", re.IGNORECASE).search
    assert found.groupindex == {"rest": 1}


def test_what_is_no_pattern_says_so_when_it_is_used():
    broken = late("(")
    with pytest.raises(re.error):
        broken.match("")


def test_every_pattern_can_be_compiled():
    modules = [
        importlib.import_module(f"doctor.redact.{one.name}") for one in pkgutil.iter_modules(doctor.redact.__path__)
    ]
    patterns = [value for module in modules for value in vars(module).values() if isinstance(value, _Late)]
    patterns += [shape.pattern for shape in SHAPES]
    assert len(patterns) > 100
    assert all(pattern.flags >= 0 for pattern in patterns)
