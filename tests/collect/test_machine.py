"""Which devices an answer is about: those that the user names, or those that are here."""

import msgspec
import pytest

from doctor.collect import machine as module
from doctor.collect.machine import machine, with_measured_host
from doctor.collect.named_device import Devices
from doctor.errors import Skip, UsageError
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


def test_a_machine_without_a_gpu_says_so_and_has_its_ram(with_gpus):
    with_gpus()
    settings, devices, room = machine("", Settings())
    assert settings.backend == ""
    assert room.device_bytes is None
    assert room.host_bytes
    assert "No graphics card was found here" in devices.notes[0]
    assert machine("", Settings(backend="cpu"))[1].notes == ()


def test_an_unknown_card_has_room_but_no_speed_and_says_why(with_gpus):
    unknown = msgspec.structs.replace(RTX, name="Radeon RX 12345 XT", vendor="amd")
    with_gpus(unknown)
    _, devices, room = machine("", Settings())
    assert room.device_bytes == 20 * GIB
    assert devices.device is None
    assert "bandwidth of Radeon RX 12345 XT is not known" in devices.notes[0]


def test_the_bandwidth_says_where_it_comes_from(with_gpus):
    with_gpus(RTX)
    assert machine("", Settings())[1].device.origin == "computed"
    with_gpus(msgspec.structs.replace(RTX, memory_bandwidth_bytes_s=930e9))
    found = machine("", Settings())[1].device
    assert (found.origin, found.source) == ("reported", "NVML")
    assert found.bandwidth_bytes_s == pytest.approx(930e9)
    assert machine("", Settings())[2].origin == "reported"
    assert machine("RTX 3090", Settings())[2].origin == "computed"


def test_several_cards_add_their_room_and_share_the_work(with_gpus):
    small = msgspec.structs.replace(RTX, name="NVIDIA GeForce RTX 3060", memory_total_bytes=12 * GIB)
    with_gpus(RTX, RTX)
    settings, devices, room = machine("", Settings())
    assert (settings.devices, devices.device.count, room.device_bytes) == (2, 2, 40 * GIB)
    assert room.name == "2 x NVIDIA GeForce RTX 3090"
    with_gpus(RTX, msgspec.structs.replace(small, memory_free_bytes=10 * GIB))
    settings, devices, room = machine("", Settings())
    assert room.device_bytes == 30 * GIB
    assert 360e9 < devices.device.bandwidth_bytes_s < 936e9


@pytest.mark.parametrize(
    ("named", "device_gib", "host_gib"),
    [
        ("2x RTX 3090", 48, None),
        ("RTX 3060 12GB + DDR5-6000 x2 64GB", 12, 64),
        ("DDR4-3200 x4 128GB", None, 128),
        ("Radeon 8060S 96GB", 96, None),
    ],
)
def test_memory_is_counted_as_it_is_named(named, device_gib, host_gib):
    _, _, room = machine(named, Settings())
    assert room.device_bytes == (device_gib and device_gib * GIB)
    assert room.host_bytes == (host_gib and host_gib * GIB)


@pytest.mark.parametrize(("named", "hint"), [("DDR5-6000", "channels or width"), ("RTX 6000", "as its maker does")])
def test_the_refusal_says_what_is_missing(named, hint):
    with pytest.raises(UsageError, match=hint):
        machine(named, Settings())


def test_the_ram_is_measured_now_and_labelled():
    """This machine's own RAM, for a fraction of a second."""
    devices = with_measured_host(Devices())
    assert devices.host.kind == "cpu"
    assert devices.host.origin == "probed"
    assert "GB/s measured" in devices.host.source


def test_what_cannot_be_measured_is_a_note(monkeypatch):
    def refuse():
        raise Skip("the cache hides it")

    monkeypatch.setattr(module, "_measured", refuse)
    devices = with_measured_host(Devices())
    assert devices.host is None
    assert devices.notes == ("The speed of the RAM could not be measured: the cache hides it.",)
