"""The page and the document of an answer."""

import json

import pytest

from doctor.report import Look
from doctor.report.fit import as_json, as_text
from doctor.sizing.answer import answer
from doctor.sizing.fit import Room
from doctor.sizing.hardware import find
from doctor.sizing.settings import Settings
from tests.sizing.test_memory import DENSE

GIB = 1 << 30


def answered(gib, name="a card", **settings):
    room = Room(device_bytes=gib and int(gib * GIB), name=name)
    devices = (find("RTX 3090"), None) if gib else (None, None)
    return answer(("llama.gguf", 5 * GIB, DENSE), Settings(**settings), room, devices)


@pytest.mark.parametrize(
    ("gib", "words"),
    [
        (
            24,
            ["It fits on a card.", "largest context that surely fits is 131072 tokens", "Decoding should reach about"],
        ),
        (5.9, ["It is tight: it may fit on a card. The chance that it does not fit is"]),
        (4, ["It does not fit on a card.", "No context fits with all layers on the GPU", "(-ngl)", "then it fits"]),
        (None, ["Whether it fits is not known: name a GPU with --device"]),
    ],
)
def test_the_page_says_the_verdict_and_the_way_out(gib, words):
    text = " ".join(as_text(answered(gib), Look()).split())
    for word in words:
        assert word in text


def test_the_page_keeps_to_its_width_and_to_ascii_where_only_that_is_shown():
    text = as_text(answered(8, context=32768, slots=4), Look(width=60, ascii=True))
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 75  # the bar and the table are never wrapped


def test_a_hostile_name_reaches_no_terminal():
    found = answered(8, name="card\x1b[31m\u202e")
    assert "\x1b" not in as_text(found, Look())
    assert "\u202e" not in as_json(found)


def test_the_document_has_the_saving_of_each_lever():
    document = json.loads(as_json(answered(4, context=32768)))
    savings = {lever["say"][:8]: lever["saves_mib"] for lever in document["levers"]}
    assert savings["KV cache"] > 1800
    assert document["verdict"] == "does-not-fit"
    assert document["most_layers"] is not None
    assert document["risk"] > 0.5
