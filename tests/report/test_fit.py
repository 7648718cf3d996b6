"""The page and the document of an answer."""

import json

import msgspec
import pytest

from doctor.report import Look
from doctor.report.fit_json import as_json
from doctor.report.fit_text import as_text
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
        (5.6, ["It is tight: it may fit on a card. The chance that it does not fit is"]),
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


def page(found, width=80):
    return " ".join(as_text(found, Look(width=width)).split())


def test_what_does_not_fit_is_not_promised_a_speed():
    assert "Decoding would reach about" in page(answered(4, context=8192))
    assert "something is wrong" not in page(answered(4, context=8192))


def test_a_prompts_speed_is_a_range_of_two_digits():
    shape = msgspec.structs.replace(DENSE, elements=8_030_000_000)
    found = answer(("m.gguf", 1, shape), Settings(), Room(device_bytes=24 * GIB), (find("RTX 3090"), None))
    assert "Prompts are read at roughly 2000 to 5900 tokens per second." in page(found)


def test_a_longer_context_than_trained_is_said():
    shape = msgspec.structs.replace(DENSE, trained_context=4096)
    found = answer(("m.gguf", 1, shape), Settings(context=8192), Room(device_bytes=24 * GIB), (None, None))
    assert "4096 tokens, all that the model was trained for; 8192 are more than the 4096" in page(found)


def test_a_part_on_an_unknown_processor_says_how_to_name_it():
    found = answer(("m.gguf", 1, DENSE), Settings(gpu_layers=9), Room(device_bytes=24 * GIB), (find("RTX 3090"), None))
    assert 'as in --device "RTX 3090 + DDR5-6000 x2"' in page(found)


def test_changes_are_a_table_where_there_is_room_and_sentences_where_not():
    wide, narrow = as_text(answered(4), Look(width=80)), as_text(answered(4), Look(width=40))
    assert "saves  context  tok/s" in wide
    assert "saves  context  tok/s" not in narrow
    assert max(map(len, narrow.splitlines())) <= 40
    assert max(map(len, wide.splitlines())) <= 80


def test_the_bar_has_a_sign_for_every_part_that_is_there():
    text = as_text(answered(24, context=256), Look(ascii=True))
    bar = next(line for line in text.splitlines() if line.strip().startswith("["))
    assert all(sign in bar for sign in "#=-")


def test_several_cards_are_counted_in_the_speeds_line():
    two = find("2x RTX 3090")
    found = answer(("m.gguf", 1, DENSE), Settings(devices=2), Room(device_bytes=48 * GIB), (two, None))
    assert "936 GB/s each" in page(found)
