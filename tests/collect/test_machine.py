"""Which devices an answer is about: those that the user names, or those that are here."""

import pytest

from doctor.collect import machine as module
from doctor.collect.machine import machine
from doctor.errors import UsageError
from doctor.facts import Gpu
from doctor.sizing.settings import Settings

GIB = 1 << 30
RTX = Gpu(
    index=0,
    name="NVIDIA GeForce RTX 3090",
    vendor="nvidia",
    memory_total_bytes=24 * GIB,
    memory_free_bytes=20 * GIB,
    source="NVML",
)


@pytest.fixture
def with_gpus(monkeypatch):
    """This machine has these GPUs."""

    def have(*gpus):
        monkeypatch.setattr(module, "_gpus", lambda: gpus)

    return have


@pytest.mark.parametrize(
    ("named", "backend", "gib"),
    [
        ("RTX 3090", "cuda", 24),
        ("RTX 3060 8GB", "cuda", 8),
        ("RTX 3090 + DDR5-6000 x2", "cuda", 24),
        ("RX 7900 XTX", "", 24),
        ("M4 Max 40c", "metal", None),
        ("M4 Max 40c 64GB", "metal", 48),
        ("DDR5-6000 x2", "cpu", None),
        ("Ryzen AI Max+ 395 (Radeon 8060S)", "", None),
    ],
)
def test_a_named_device_brings_its_memory_and_its_backend(named, backend, gib):
    settings, devices, room = machine(named, Settings())
    assert settings.backend == backend
    assert room.device_bytes == (None if gib is None else gib * GIB)
    assert (devices.host is not None) == ("DDR" in named)
    assert not settings.amx


def test_a_backend_that_was_asked_for_stays():
    assert machine("RTX 3090", Settings(backend="vulkan"))[0].backend == "vulkan"


def test_an_unlisted_device_is_refused_by_name():
    with pytest.raises(UsageError, match=r"'RTX 99 \?' is not in the table"):
        machine("RTX 3090 + RTX 99 ?", Settings())


def test_this_machines_card_is_judged_by_what_is_free(with_gpus):
    with_gpus(RTX)
    _, devices, room = machine("", Settings())
    assert (room.device_bytes, room.name) == (20 * GIB, RTX.name)
    assert room.host_bytes
    assert devices.device.bandwidth_bytes_s == 936e9


def test_an_integrated_gpu_is_not_taken_for_a_card(with_gpus):
    with_gpus(Gpu(index=0, name="Intel UHD", vendor="intel", integrated=True, memory_total_bytes=GIB))
    _, devices, room = machine("", Settings())
    assert devices.device is None
    assert room.device_bytes is None


def test_the_processor_is_measured_only_when_it_was_asked_for(with_gpus, monkeypatch):
    with_gpus()
    measured = []
    monkeypatch.setattr(module, "_measured", lambda: measured.append(1))
    machine("", Settings())
    assert not measured
    machine("", Settings(backend="cpu"))
    assert measured
