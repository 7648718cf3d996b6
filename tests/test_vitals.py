"""What changed from one look to the next, and rates between them: pure values."""

import msgspec
import pytest

from doctor.vitals import Loaded, Look, Pulse, changes, rate_tok_s, swap_in_bytes_s
from tests.tui import machine

URL = "http://127.0.0.1:11434"


def look(at_s=0.0, load=0.9, pulse=None, **gpu):
    return Look(machine=machine.machine(at_s, load, **gpu), servers={URL: pulse} if pulse else {})


def pulse(at_s=0.0, **fields):
    return Pulse(at_s=at_s, **fields)


def test_tokens_a_second_between_two_looks():
    assert rate_tok_s(pulse(0, generated=10, busy=1), pulse(2, generated=40, busy=1)) == 15.0


def test_a_new_request_begins_to_count_anew_and_a_restarted_server_generated_nothing():
    before = pulse(0, generated=100, busy=1)
    assert rate_tok_s(before, pulse(2, generated=20, busy=1, per_request=True)) == 10.0
    assert rate_tok_s(before, pulse(2, generated=20, busy=1)) == 0.0


def test_a_server_that_does_not_say_has_no_rate():
    assert rate_tok_s(pulse(0), pulse(2)) is None
    assert rate_tok_s(None, pulse(2, generated=5, busy=0)) == 0.0
    assert rate_tok_s(None, pulse(2, generated=5, busy=1)) is None


def test_a_quiet_machine_has_nothing_to_tell():
    steady = pulse(loaded=(Loaded(name="m", gpu_share=1.0),))
    assert changes(look(0, pulse=steady), look(2, pulse=msgspec.structs.replace(steady, at_s=2))) == []


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (pulse(), pulse(answers=False, why_silent="refused"), "stopped answering: refused"),
        (pulse(answers=False), pulse(), "answers again"),
        (pulse(loaded=()), pulse(loaded=(Loaded(name="m"),)), "m was loaded"),
        (pulse(loaded=(Loaded(name="m"),)), pulse(loaded=()), "m was unloaded"),
        (
            pulse(loaded=(Loaded(name="m", gpu_share=1.0),)),
            pulse(loaded=(Loaded(name="m", gpu_share=0.7),)),
            "m is at 70 % in GPU memory, it was at 100 %",
        ),
    ],
)
def test_what_happens_to_a_server_is_a_sentence(before, now, words):
    (sentence,) = changes(look(0, pulse=before), look(2, pulse=now))
    assert sentence == f"{URL}: it {words}" if words.startswith(("stopped", "answers")) else f"{URL}: {words}"


def test_a_share_that_moves_by_rounding_is_no_spill():
    before = pulse(loaded=(Loaded(name="m", gpu_share=1.0),))
    assert changes(look(0, pulse=before), look(2, pulse=pulse(loaded=(Loaded(name="m", gpu_share=0.99),)))) == []


def test_a_clock_that_is_held_down_is_told_once_and_only_under_load():
    (sentence,) = changes(look(0), look(2, throttled=True))
    assert "began to throttle (thermal)" in sentence
    assert changes(look(0, throttled=True), look(2, throttled=True)) == []
    assert changes(look(0, load=0.0), look(2, load=0.0, throttled=True)) == []


def test_swap_traffic_counts_from_one_megabyte_a_second():
    def swapped(at_s, bytes_):
        return Look(machine=msgspec.structs.replace(machine.machine(at_s, 0.5), swapped_in_bytes=bytes_))

    assert swap_in_bytes_s(swapped(0, 0).machine, swapped(2, 4_000_000).machine) == 2e6
    assert "back from swap" in changes(swapped(0, 0), swapped(2, 2_100_000))[0]
    assert changes(swapped(0, 0), swapped(2, 1_900_000)) == []
    assert swap_in_bytes_s(swapped(0, None).machine, swapped(2, 5).machine) is None
