"""The processor and its load. Trees of files as the kernel writes them, and the machine at hand."""

import sys

import pytest

from doctor.collect import cpu
from doctor.context import Context, Target
from doctor.model import Depth

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux writes")


def write(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def core(number, siblings, capacity=None):
    folder = f"sys/devices/system/cpu/cpu{number}"
    files = {f"{folder}/topology/core_cpus_list": siblings}
    return files | ({f"{folder}/cpu_capacity": str(capacity)} if capacity else {})


def test_hardware_threads_of_one_core_count_once(tmp_path):
    write(tmp_path, {"proc/cpuinfo": "model name\t: AMD Ryzen 7\nflags\t\t: fpu sse AVX avx2\n"})
    for number in range(4):
        write(tmp_path, core(number, f"{number % 2},{number % 2 + 2}"))
    found = cpu.read_cpu(tmp_path)
    assert (found.name, found.physical_cores, found.performance_cores) == ("AMD Ryzen 7", 2, None)
    assert found.flags == ("fpu", "sse", "avx", "avx2")
    assert found.flags_known


def test_fast_cores_of_a_hybrid_processor_are_told_apart(tmp_path):
    """Two fast cores with two threads each and two efficiency cores, as Intel's `cpu_core` device lists them."""
    for number, siblings in enumerate(("0-1", "0-1", "2-3", "2-3", "4", "5")):
        write(tmp_path, core(number, siblings))
    write(tmp_path, {"sys/devices/cpu_core/cpus": "0-3"})
    found = cpu.read_cpu(tmp_path)
    assert (found.physical_cores, found.performance_cores) == (4, 2)


def test_large_arm_cores_are_told_by_their_capacity(tmp_path):
    for number, capacity in enumerate((446, 446, 446, 1024, 1024, 871)):
        write(tmp_path, core(number, str(number), capacity))
    assert cpu.read_cpu(tmp_path).performance_cores == 3


def test_equal_arm_cores_are_no_two_kinds(tmp_path):
    for number in range(4):
        write(tmp_path, core(number, str(number), 1024))
    write(tmp_path, {"proc/cpuinfo": "Features\t: fp asimd\nModel\t\t: Raspberry Pi 5\n"})
    found = cpu.read_cpu(tmp_path)
    assert (found.performance_cores, found.name, found.flags) == (None, "Raspberry Pi 5", ("fp", "asimd"))


def test_memory_nodes_are_counted_and_unknown_flags_stay_unknown(tmp_path):
    write(tmp_path, {f"sys/devices/system/node/node{n}/cpulist": "0" for n in range(2)})
    found = cpu.read_cpu(tmp_path)
    assert (found.numa_nodes, found.flags_known) == (2, False)


def test_the_busiest_processes_are_named_with_their_cores():
    before = cpu.Times(100.0, 200.0, {1: (10.0, "ffmpeg"), 2: (5.0, "idle thing")})
    after = cpu.Times(101.0, 204.0, {1: (12.0, "ffmpeg"), 2: (5.0, "idle thing"), 3: (50.0, "new one")})
    load = cpu.load_between(before, after, 1.0)
    assert load.busy_share == 0.75
    assert load.busiest == ("ffmpeg (process 1, 2.0 cores)",)


def test_counters_that_stand_still_or_run_backwards_are_no_load():
    now = cpu.Times(10.0, 20.0, {})
    assert cpu.load_between(now, now, 1.0).busy_share == 0.0
    assert cpu.load_between(now, cpu.Times(9.0, 19.0, {}), 1.0).busy_share == 0.0


async def test_this_processor_can_be_described():
    """Runs on the machine at hand."""
    context = Context(Target(url="http://127.0.0.1:1"), Depth.PASSIVE, {})
    found, load = await cpu.collect_cpu(context), await cpu.collect_cpu_load(context)
    assert found.logical_cores >= (found.physical_cores or 1) >= 1
    assert 0.0 <= load.busy_share <= 1.0
