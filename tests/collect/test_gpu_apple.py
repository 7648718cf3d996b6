"""Apple's GPU from texts in the form of system_profiler and sysctl."""

import json

import pytest

from doctor.collect.gpu.apple import bandwidth, parse

M3_MAX = {
    "SPDisplaysDataType": [
        {
            "_name": "kHW_AppleM3MaxItem",
            "spdisplays_mtlgpufamilysupport": "spdisplays_metal3",
            "spdisplays_vendor": "sppci_vendor_Apple",
            "sppci_bus": "spdisplays_builtin",
            "sppci_cores": "40",
            "sppci_device_type": "spdisplays_gpu",
            "sppci_model": "Apple M3 Max",
        }
    ]
}


def test_the_chip_shares_the_machines_ram():
    (gpu,), notes = parse(json.dumps(M3_MAX), "68719476736\n", "0\n")
    assert notes == []
    assert (gpu.name, gpu.vendor, gpu.unified, gpu.integrated) == ("Apple M3 Max", "apple", True, False)
    assert (gpu.memory_total_bytes, gpu.memory_bandwidth_bytes_s) == (64 << 30, 410e9)


def test_a_limit_that_somebody_set_is_the_gpus_memory():
    (gpu,), _ = parse(json.dumps(M3_MAX), "68719476736", "57344")
    assert gpu.memory_total_bytes == 57344 << 20


@pytest.mark.parametrize(
    ("name", "cores", "expected"),
    [("Apple M1", 8, 68e9), ("Apple M3 Max", 30, 307e9), ("Apple M4 Max", 0, 410e9), ("Apple M9 Giga", 99, None)],
)
def test_the_bandwidth_follows_the_chip_and_its_cores(name, cores, expected):
    assert bandwidth(name, cores) == expected


@pytest.mark.parametrize("said", ["", "not json", "[]", "{}", '{"SPDisplaysDataType": 7}', "[" * 100_000])
def test_malformed_text_is_a_note(said):
    devices, notes = parse(said, "x", "y")
    assert devices == []
    assert len(notes) == 1


def test_older_macs_have_other_cards():
    entries = {
        "SPDisplaysDataType": [{"sppci_model": "Intel UHD Graphics 630"}, {"sppci_model": "Radeon Pro 5500M"}, 7]
    }
    devices, _ = parse(json.dumps(entries), "17179869184", "0")
    assert [(gpu.vendor, gpu.integrated, gpu.unified) for gpu in devices] == [
        ("intel", True, False),
        ("amd", False, False),
    ]
