"""The table of devices: every row has its source, and names are matched as people and drivers write them."""

import csv

import pytest

from doctor.sizing.hardware import TABLE, find
from doctor.sizing.speed import CLASSES, kind_of


def table():
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_names_its_source_its_class_and_a_bandwidth():
    assert len(table()) > 150
    for row in table():
        assert len(row["source"]) > 8, row
        assert row["class"] in CLASSES, row
        assert 5 < float(row["bandwidth_gb_s"]) < 20_000, row


def test_every_row_is_found_by_its_own_name():
    for row in table():
        found = find(row["name"])
        assert found is not None, row
        assert found.bandwidth_bytes_s == float(row["bandwidth_gb_s"]) * 1e9, row


@pytest.mark.parametrize(
    ("name", "gib", "gb_s"),
    [
        ("NVIDIA GeForce RTX 4090", 0, 1008),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", 0, 576),
        ("rtx4090", 0, 1008),
        ("NVIDIA GeForce RTX 2080 with Max-Q Design", 0, 384),
        ("NVIDIA GeForce RTX 3080", 12, 912),
        ("NVIDIA GeForce RTX 3080", 10, 760),
        ("NVIDIA GeForce RTX 3060 Ti", 8, 448),
        ("RTX 3060 12GB", 0, 360),
        ("NVIDIA GeForce RTX 5060", 8, 448),
        ("NVIDIA A100-SXM4-80GB", 0, 2039),
        ("NVIDIA A100-PCIE-40GB", 0, 1555),
        ("NVIDIA H100 80GB HBM3", 0, 3352),
        ("NVIDIA RTX 6000 Ada Generation", 48, 960),
        ("AMD Radeon RX 7900 XTX", 24, 960),
        ("Intel(R) Arc(TM) B580 Graphics", 0, 456),
        ("Apple M4 Max 40 cores", 0, 546),
        ("Apple M4 Max", 0, 410),
        ("DDR5-6000 x2", 0, 96),
        ("Ryzen AI 5 340 (2ch DDR5-5600)", 0, 89.6),
        ("Radxa Orion O6 (LPDDR5-5500 128-bit)", 0, 88),
        ("Intel N100 (1ch)", 0, 38.4),
    ],
)
def test_a_name_finds_its_device(name, gib, gb_s):
    found = find(name, gib << 30)
    assert found is not None
    assert found.bandwidth_bytes_s == pytest.approx(gb_s * 1e9)


@pytest.mark.parametrize("name", ["RTX 4060 SUPER", "RX 6800M Laptop", "GTX", "", "M9 Max", "RTX 3090 Ti Laptop"])
def test_a_device_that_is_not_listed_is_not_guessed(name):
    assert find(name) is None


@pytest.mark.parametrize(
    ("name", "vendor", "kind"),
    [
        ("Apple M9", "apple", "metal"),
        ("Radeon X", "amd", "other"),
        ("NVIDIA A800", "nvidia", "cuda_hbm"),
        ("NVIDIA GeForce GTX 980", "nvidia", "cuda_old"),
        ("NVIDIA GeForce RTX 9090 Laptop GPU", "nvidia", "cuda_laptop"),
        ("NVIDIA GeForce RTX 9090", "nvidia", "cuda"),
    ],
)
def test_an_unlisted_device_still_has_a_class(name, vendor, kind):
    assert kind_of(name, vendor) == kind
