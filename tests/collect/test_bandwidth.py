"""Memory bandwidth, measured on the machine at hand, and the cache sizes as the kernel lists them."""

import pytest

from doctor.collect import bandwidth
from doctor.errors import Skip

MIB = 1 << 20


def cache(root, cpu, index, level, size, shared):
    folder = root / f"sys/devices/system/cpu/cpu{cpu}/cache/index{index}"
    folder.mkdir(parents=True)
    for name, text in (("level", str(level)), ("size", size), ("shared_cpu_list", shared)):
        (folder / name).write_text(text)


def test_a_bandwidth_is_measured_and_says_how():
    found = bandwidth.measure(bandwidth.Path("/"))
    assert 1e8 < found.read_bytes_s < 1e13
    assert 0 <= found.spread <= 1
    assert found.threads >= 1
    assert "MiB" in found.method


def test_last_level_caches_are_added_once_each(tmp_path):
    for cpu, shared in enumerate(("0-1", "0-1", "2-3", "2-3")):
        cache(tmp_path, cpu, 0, 1, "32K", str(cpu))
        cache(tmp_path, cpu, 3, 3, "32768K", shared)
    assert bandwidth.last_level_cache_bytes(tmp_path) == 64 * MIB


def test_a_cache_larger_than_the_working_set_is_no_measurement(tmp_path):
    cache(tmp_path, 0, 3, 3, "480M", "0-95")
    with pytest.raises(Skip, match="480 MiB"):
        bandwidth.measure(tmp_path)
