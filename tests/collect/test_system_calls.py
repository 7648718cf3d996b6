"""Programs and blocking calls with a deadline. Runs real programs and threads."""

import sys
import threading

import pytest

from doctor.collect.command import output
from doctor.collect.deadline import in_thread
from doctor.collect.gpu import look
from doctor.collect.gpu.at_work import merged
from doctor.errors import Malformed, TooLate, Unreachable
from doctor.facts import Gpu, Gpus

posix = pytest.mark.skipif(sys.platform == "win32", reason="starts POSIX programs")


async def test_a_blocking_call_gives_its_result():
    assert await in_thread(lambda: 42, 5.0, "the answer") == 42


async def test_what_a_blocking_call_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0, 5.0, "a division")


async def test_a_call_that_hangs_is_left_behind():
    release = threading.Event()
    with pytest.raises(TooLate, match="the driver gave no answer"):
        await in_thread(release.wait, 0.05, "the driver")
    release.set()


@posix
async def test_a_programs_words_are_read():
    assert await output("/bin/sh", ("-c", "echo $LC_ALL")) == "C\n"


@posix
@pytest.mark.parametrize(
    ("program", "arguments", "error"),
    [
        ("/nowhere/rocm-smi", (), Unreachable),
        ("/bin/sh", ("-c", "exit 3"), Unreachable),
        ("/bin/sh", ("-c", "while :; do :; done"), TooLate),
        ("/bin/cat", ("/dev/zero",), Malformed),
    ],
)
async def test_a_program_in_trouble_is_a_sentence(program, arguments, error):
    with pytest.raises(error, match=r"\w+ (cannot be started|ended|gave no answer|printed more)"):
        await output(program, arguments, deadline_s=0.3 if error is TooLate else 10.0)


async def test_this_machines_gpus_can_be_looked_for():
    """Runs on the machine at hand; most have no NVIDIA driver, which is no trouble."""
    found = await look()
    assert all(gpu.vendor in ("nvidia", "amd", "intel", "apple") for gpu in found.devices)


def test_clocks_and_throttle_reasons_come_from_looks_at_work():
    def at(utilisation, clock, *throttle):
        gpu = Gpu(index=0, name="x", vendor="nvidia", utilisation=utilisation, clock_mhz=clock, throttle=throttle)
        return Gpus(devices=(gpu,))

    found = merged([at(0.0, 210, "thermal"), at(0.9, 1400, "power-cap"), at(0.97, 1200)])
    (gpu,) = found.devices
    assert (gpu.utilisation, gpu.clock_mhz, gpu.throttle) == (0.97, 1200, ("power-cap",))
    assert found.samples == 3
