"""The table of devices: every row has its source, and names are matched as people and drivers write them."""

import csv

import pytest

from doctor.sizing.classes import CLASSES, kind_of, kind_on, reached
from doctor.sizing.hardware import TABLE, described, find


def table():
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_names_its_source_its_class_and_a_bandwidth():
    assert len(table()) > 400
    for row in table():
        assert len(row["source"]) > 8, row
        assert row["class"] in CLASSES, row
        assert 5 < float(row["bandwidth_gb_s"]) < 20_000, row
        assert float(row["memory_gb"] or 1) > 0, row


def test_every_row_is_found_by_its_own_name():
    for row in table():
        found = find(row["name"])
        assert found is not None, row
        assert found.bandwidth_bytes_s == float(row["bandwidth_gb_s"]) * 1e9, row


@pytest.mark.parametrize(
    ("name", "gib", "cores", "gb_s"),
    [
        ("NVIDIA GeForce RTX 4090", 0, 0, 1008),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", 0, 0, 576),
        ("rtx4090", 0, 0, 1008),
        ("NVIDIA GeForce RTX 2080 with Max-Q Design", 0, 0, 384),
        ("NVIDIA GeForce RTX 3080", 12, 0, 912),
        ("NVIDIA GeForce RTX 3080", 10, 0, 760),
        ("NVIDIA GeForce RTX 3060 Ti", 8, 0, 448),
        ("RTX 3060 12GB", 0, 0, 360),
        ("NVIDIA A100-SXM4-80GB", 0, 0, 2039),
        ("NVIDIA A100-SXM4-40GB", 40, 0, 1555),
        ("NVIDIA A100-PCIE-40GB", 0, 0, 1555),
        ("NVIDIA A100 80GB PCIe", 80, 0, 1935),
        ("NVIDIA H100 80GB HBM3", 0, 0, 3352),
        ("NVIDIA H100 PCIe", 80, 0, 2039),
        ("NVIDIA H100 NVL", 94, 0, 3938),
        ("NVIDIA RTX 6000 Ada Generation", 48, 0, 960),
        ("NVIDIA RTX 5000 Ada Generation Laptop GPU", 16, 0, 576),
        ("AMD Radeon RX 7900 XTX", 24, 0, 960),
        ("Radeon RX 7900XTX", 24, 0, 960),
        ("Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M]", 24, 0, 960),
        ("Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M]", 20, 0, 800),
        ("Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M]", 16, 0, 576),
        ("Navi 48 [Radeon RX 9070/9070 XT/9070 GRE]", 16, 0, 640),
        ("Navi 48 [Radeon RX 9070/9070 XT/9070 GRE]", 12, 0, 432),
        ("Navi 33 [Radeon RX 7600/7600 XT/7600M XT/7600S/7700S / PRO W7600]", 16, 0, 288),
        ("Navi 21 [Radeon RX 6800/6800 XT / 6900 XT]", 16, 0, 512),
        ("Intel(R) Arc(TM) B580 Graphics", 0, 0, 456),
        ("Intel(R) Arc(TM) A770 Graphics", 16, 0, 560),
        ("DG2 [Arc A770]", 8, 0, 512),
        ("Battlemage G21 [Arc B580]", 12, 0, 456),
        ("Apple M4 Max 40 cores", 0, 0, 546),
        ("Apple M4 Max", 0, 0, 410),
        ("Apple M4 Max", 0, 40, 546),
        ("Apple M3 Max", 0, 30, 307),
        ("Apple M4 Max (16-core CPU, 40-core GPU)", 0, 0, 546),
        ("M4 Max 16-core CPU", 0, 0, 410),
        ("Apple M2 Ultra", 0, 76, 800),
        ("M3 Ultra 80c", 0, 0, 819),
        ("DDR5-6000 x2", 0, 0, 96),
        ("Ryzen AI 5 340 (2ch DDR5-5600)", 0, 0, 89.6),
        ("Radxa Orion O6 (LPDDR5-5500 128-bit)", 0, 0, 88),
        ("Intel N100 (1ch)", 0, 0, 38.4),
        ("AMD EPYC 9654 12ch DDR5-4800", 0, 0, 460.8),
        ("Threadripper 7970X (4ch DDR5-5200)", 0, 0, 166.4),
        ("Core Ultra 7 155H (2ch LPDDR5X-7467)", 0, 0, 119.5),
        ("Raspberry Pi 4 (LPDDR4-3200)", 0, 0, 12.8),
        ("Raspberry Pi 5 Model B Rev 1.0", 0, 0, 17.1),
        ("Snapdragon X Elite", 0, 0, 135),
        ("Snapdragon X2 Elite Extreme", 0, 0, 228),
        ("GB10", 0, 0, 273),
        ("NVIDIA GB10", 0, 0, 273),
        ("Jetson Orin Nano Super", 0, 0, 102),
        ("Jetson Orin Nano", 0, 0, 68),
        ("NVIDIA Jetson AGX Orin", 0, 0, 205),
        ("2x RTX 3090", 0, 0, 936),
        ("RTX 3090 x2", 0, 0, 936),
        ("4 x NVIDIA GeForce RTX 3090", 0, 0, 936),
        ("2 × RTX 4090", 0, 0, 1008),
        ("Tesla T4", 0, 0, 320),
        ("Tesla V100-SXM2-16GB", 16, 0, 900),
        ("Tesla P100-PCIE-16GB", 16, 0, 732),
        ("Tesla P40", 24, 0, 346),
        ("Quadro RTX 5000", 16, 0, 448),
        ("Quadro RTX 5000 with Max-Q Design", 16, 0, 384),
        ("NVIDIA RTX A6000", 48, 0, 768),
        ("A6000", 0, 0, 768),
        ("RTX A2000 12GB", 0, 0, 288),
        ("NVIDIA RTX A2000 8GB Laptop GPU", 8, 0, 224),
        ("AMD Radeon 890M", 0, 0, 120),
        ("AMD Radeon 890M Graphics", 0, 0, 120),
        ("AMD Radeon Graphics (RADV GFX1151)", 0, 0, 256),
        ("gfx1151", 0, 0, 256),
        ("Strix Halo [Radeon Graphics / Radeon 8050S Graphics / Radeon 8060S Graphics]", 0, 0, 256),
        ("AMD Ryzen AI Max+ 395 w/ Radeon 8060S", 0, 0, 256),
        ("AMD Radeon 780M Graphics", 0, 0, 90),
        ("Radeon 780M (LPDDR5X-7500 128-bit)", 0, 0, 120),
        ("Radeon 840M / 860M Graphics", 0, 0, 120),
        ("Intel Arc Graphics 130V/140V (integrated)", 0, 0, 136),
        ("RX 5700 XT", 0, 0, 448),
        ("AMD Instinct MI300X", 192, 0, 5300),
        ("AMD Instinct MI50/MI60", 32, 0, 1024),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", 96, 0, 1792),
        ("NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition", 96, 0, 1792),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", 96, 0, 1597),
        ("NVIDIA GeForce RTX 3050 6GB Laptop GPU", 6, 0, 168),
        ("NVIDIA GeForce RTX 3050 Ti Laptop GPU", 4, 0, 192),
        ("NVIDIA GH200 480GB", 96, 0, 4000),
        ("NVIDIA L40S", 48, 0, 864),
        ("NVIDIA L4", 24, 0, 300),
        ("NVIDIA A10G", 24, 0, 600),
        ("NVIDIA GeForce GTX 1660 SUPER", 6, 0, 336),
        ("NVIDIA TITAN RTX", 24, 0, 672),
        ("NVIDIA TITAN X (Pascal)", 12, 0, 480),
        ("NVIDIA TITAN V", 12, 0, 653),
        ("GeForce GTX 1080 Ti", 11, 0, 484),
        ("RX 6800M Laptop", 0, 0, 384),
        ("AmpereOne A192-32X (8ch DDR5-5200)", 0, 0, 332.8),
        ("Xeon w9 octa-channel DDR5-4800", 0, 0, 307.2),
        ("8-channel DDR4-3200", 0, 0, 204.8),
        ("LPDDR5X-8000 256-bit", 0, 0, 256),
        ("256-bit LPDDR5X-8000", 0, 0, 256),
        ("RTX 3090 + DDR5-6000 x2", 0, 0, 936),
        ("NVIDIA Thor", 0, 0, 273),
        ("Radeon RX Vega 64", 8, 0, 484),
        ("AMD Radeon VII", 16, 0, 1024),
        ("AMD Radeon Pro VII", 16, 0, 1024),
        ("AMD Radeon PRO W7900", 48, 0, 864),
        ("Radeon AI PRO R9700", 32, 0, 640),
        ("Intel(R) Arc(TM) Pro B60 Graphics", 24, 0, 456),
        ("8x H100", 0, 0, 2039),
        ("Apple M1", 0, 7, 68),
        ("Apple M1 Max 32c", 0, 0, 400),
        ("RTX 2080 Ti 22GB", 22, 0, 616),
    ],
)
def test_a_name_finds_its_device(name, gib, cores, gb_s):
    found = find(name, gib << 30, cores)
    assert found is not None
    assert found.bandwidth_bytes_s == pytest.approx(gb_s * 1e9, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "gib"),
    [
        ("Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M]", 0),
        ("DDR5-6000", 0),
        ("RTX 5000", 0),
        ("RTX 6000", 0),
        ("AMD Radeon Graphics", 0),
        ("RTX 4060 SUPER", 0),
        ("GTX", 0),
        ("", 0),
        ("M9 Max", 0),
        ("RTX 3090 Ti Laptop", 0),
        ("Xeon Gold 6138", 0),
        ("Orin (nvgpu)", 0),
        ("Intel(R) Iris(R) Xe Graphics", 0),
        ("Snapdragon 888", 0),
        ("Snapdragon X1E-80-100", 0),
        ("A100-SXM-64GB", 64),
        ("Intel Alder Lake-P GT2 [Iris Xe Graphics] (integrated)", 0),
        ("Quadro", 0),
        ("RTX 30900", 0),
    ],
)
def test_a_device_that_is_not_certain_is_not_guessed(name, gib):
    assert find(name, gib << 30) is None


@pytest.mark.parametrize(
    ("name", "count"),
    [("2x RTX 3090", 2), ("RTX 3090 x2", 2), ("4 x NVIDIA L40S", 4), ("RTX 3090", 1), ("8 RTX 4090", 8), ("99x T4", 1)],
)
def test_several_of_the_same_are_counted(name, count):
    found = find(name)
    assert (found.count if found else 1) == count


def test_graphics_inside_a_processor_are_as_fast_as_the_memory_that_is_named():
    assert find("Radeon 780M (LPDDR5X-7500 128-bit)").bandwidth_bytes_s == pytest.approx(120e9)
    assert find("Radeon 780M (LPDDR5X-7500 128-bit)").kind == "other"


@pytest.mark.parametrize(
    ("text", "gb_s"),
    [
        ("2ch DDR4-3200", 51.2),
        ("DDR4-2666 x4", 85.3),
        ("quad-channel DDR4-3200", 102.4),
        ("dual channel ddr5 5600", 89.6),
        ("LPDDR5X-8533 256-bit", 273.1),
        ("DDR5-6000", None),
        ("LPDDR5X-7500", None),
        ("8 channels", None),
        ("a memory", None),
    ],
)
def test_a_memory_in_words_is_width_times_rate_or_nothing(text, gb_s):
    found = described(text)
    assert (found.bandwidth_bytes_s / 1e9 if found else None) == pytest.approx(gb_s, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "vendor", "kind"),
    [
        ("Apple M9", "apple", "metal"),
        ("Radeon X", "amd", "other"),
        ("Apple M1 Max", "apple", "metal_m1"),
        ("Intel Graphics", "intel", "intel"),
        ("Orin (nvgpu)", "nvidia", "cuda_jetson"),
        ("NVIDIA A800", "nvidia", "cuda_hbm"),
        ("NVIDIA GeForce GTX 980", "nvidia", "cuda_old"),
        ("NVIDIA GeForce RTX 9090 Laptop GPU", "nvidia", "cuda_laptop"),
        ("NVIDIA GeForce RTX 9090", "nvidia", "cuda"),
    ],
)
def test_an_unlisted_device_still_has_a_class(name, vendor, kind):
    assert kind_of(name, vendor) == kind


@pytest.mark.parametrize(
    ("kind", "backend", "on"),
    [("other", "vulkan", "vulkan"), ("other", "rocm", "rocm"), ("other", "", "other"), ("cuda", "vulkan", "cuda")],
)
def test_the_backend_refines_the_class_of_an_amd_device(kind, backend, on):
    assert kind_on(kind, backend) == on


def test_an_old_card_is_bound_by_its_arithmetic():
    assert reached("cuda_old", 112e9, 2.14e12) == pytest.approx(45.5e9, rel=0.01)
    assert reached("cuda_old", 100e9, 100e12) == pytest.approx(84e9)
    assert reached("cuda_old", 100e9) == pytest.approx(42e9)
