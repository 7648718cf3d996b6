"""The machine's memory, power source and limits. Runs on trees of files as the Linux kernel writes them."""

import asyncio
import sys

import pytest

from doctor.collect import cgroup, host
from doctor.collect.variables import allowed
from doctor.context import Context, Target
from doctor.errors import Skip
from doctor.facts import Memory, Swapping, System
from doctor.model import Depth

GIB = 1 << 30
MEMINFO = (
    "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:    4194304 kB\nSwapTotal: 2048 kB\nSwapFree: 1024 kB\n"
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux writes")


def tree(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def context(depth=Depth.PASSIVE):
    return Context(Target(url="http://127.0.0.1:1"), depth, {})


@linux
def test_memory_is_read_from_meminfo(tmp_path):
    memory = host.read_memory(tree(tmp_path, {"proc/meminfo": MEMINFO}))
    assert memory == Memory(
        total_bytes=16 * GIB, available_bytes=4 * GIB, swap_total_bytes=2048 * 1024, swap_used_bytes=1024 * 1024
    )


@linux
def test_a_system_without_meminfo_is_skipped(tmp_path):
    with pytest.raises(Skip, match="how much memory"):
        host.read_memory(tmp_path)


@linux
def test_the_tightest_limit_above_the_process_counts_without_droppable_cache(tmp_path):
    root = tree(
        tmp_path,
        {
            "proc/meminfo": MEMINFO,
            "proc/self/cgroup": "0::/system.slice/ollama.service/child\n",
            "sys/fs/cgroup/system.slice/ollama.service/child/memory.max": "max\n",
            "sys/fs/cgroup/system.slice/ollama.service/memory.max": f"{8 * GIB}\n",
            "sys/fs/cgroup/system.slice/ollama.service/memory.current": f"{6 * GIB}\n",
            "sys/fs/cgroup/system.slice/ollama.service/memory.stat": f"anon 5\ninactive_file {2 * GIB}\n",
            "sys/fs/cgroup/system.slice/ollama.service/memory.events": "low 0\noom 1\noom_kill 3\n",
        },
    )
    memory = host.read_memory(root)
    assert (memory.limit_bytes, memory.limit_used_bytes, memory.oom_kills) == (8 * GIB, 4 * GIB, 3)


def test_a_limit_of_max_or_above_the_ram_is_no_limit(tmp_path):
    root = tree(tmp_path, {"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max"})
    assert cgroup.memory_limit(16 * GIB, root=root) is None
    tree(root, {"sys/fs/cgroup/a/memory.max": str(64 * GIB)})
    assert cgroup.memory_limit(16 * GIB, root=root) is None


def test_the_old_control_groups_are_read_inside_a_container(tmp_path):
    """In a container of cgroup v1 the path names the host's group, and the mount itself is ours."""
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2 * GIB}",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{1 * GIB}",
            "sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "150000",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
        },
    )
    limit = cgroup.memory_limit(16 * GIB, root=root)
    assert limit == cgroup.MemoryLimit(limit_bytes=2 * GIB, used_bytes=GIB, oom_kills=1)
    assert cgroup.cpu_quota_cores(root=root) == 1.5


@pytest.mark.parametrize(("written", "cores"), [("max 100000", None), ("200000 100000", 2.0), ("nonsense", None)])
def test_a_processor_quota_is_read(tmp_path, written, cores):
    root = tree(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": written})
    assert cgroup.cpu_quota_cores(root=root) == cores


@linux
@pytest.mark.parametrize(
    ("supplies", "on_battery"),
    [
        ({}, None),
        ({"BAT0": ("Battery", "Discharging", None), "AC": ("Mains", None, "0")}, True),
        ({"BAT0": ("Battery", "Charging", None), "AC": ("Mains", None, "1")}, False),
        ({"BAT0": ("Battery", "Not charging", None)}, False),
        ({"hidpp_battery_0": ("Battery", "Discharging", None)}, None),
    ],
)
def test_only_the_machines_own_battery_counts(tmp_path, supplies, on_battery):
    for name, (kind, status, online) in supplies.items():
        folder = f"sys/class/power_supply/{name}"
        scope = "Device" if name.startswith("hidpp") else "System"
        tree(tmp_path, {f"{folder}/type": kind, f"{folder}/status": status or "", f"{folder}/online": online or ""})
        tree(tmp_path, {f"{folder}/scope": scope})
    assert host.read_system(tmp_path, {}).on_battery is on_battery


def test_wsl_and_containers_are_told(tmp_path):
    root = tree(tmp_path, {"proc/version": "Linux version 5.15.167.4-microsoft-standard-WSL2", "run/.containerenv": ""})
    system = host.read_system(root, {})
    assert (system.wsl, system.container) == (True, "podman")
    assert host.read_system(root, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}).container == "kubernetes"


@linux
async def test_swap_traffic_is_the_difference_of_two_samples(tmp_path):
    counters = tree(tmp_path, {"proc/vmstat": "pswpin 0\npswpout 0\nworkingset_refault_file 0\n"}) / "proc/vmstat"
    sampling = asyncio.ensure_future(host.sample_swapping(tmp_path, 0.05))
    await asyncio.sleep(0.01)
    counters.write_text("pswpin 1000\npswpout 10\nworkingset_refault_file 50000\n")
    swapping = await sampling
    assert swapping.in_bytes_s > swapping.out_bytes_s > 0
    assert swapping.reread_bytes_s > swapping.in_bytes_s


@linux
async def test_a_kernel_without_swap_counters_is_skipped(tmp_path):
    with pytest.raises(Skip, match="does not count"):
        await host.sample_swapping(tmp_path, 0.0)


def test_macos_swap_counters_are_those_of_vm_stat():
    """Recorded from the manual page's form of `vm_stat`."""
    said = (
        "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPageins:  123456.\nSwapins:   10.\nSwapouts:  3.\n"
    )
    assert host._mac_counters(said) == (10 * 16384, 3 * 16384, 0)


def test_the_environment_is_an_allow_list_without_secrets():
    kept = allowed(
        {
            "OLLAMA_HOST": "0.0.0.0",
            "OLLAMA_API_KEY": "secret",
            "LLAMA_ARG_CTX_SIZE": "4096",
            "HF_TOKEN": "secret",
            "http_proxy": "http://me:secret@proxy:3128",
            "HOME": "/home/me",
            "CUDA_VISIBLE_DEVICES": "0\x1b[31m",
        }
    )
    assert kept == {
        "CUDA_VISIBLE_DEVICES": "0",
        "LLAMA_ARG_CTX_SIZE": "4096",
        "OLLAMA_HOST": "0.0.0.0",
        "http_proxy": "http://***@proxy:3128",
    }


async def test_this_machine_can_be_described():
    """Runs on the machine at hand."""
    system, memory = await host.collect_system(context()), await host.collect_memory(context())
    swapping = await host.collect_swapping(context())
    assert isinstance(system, System)
    assert system.os in ("linux", "darwin", "windows")
    assert 0 < memory.available_bytes <= memory.total_bytes
    assert isinstance(swapping, Swapping)
    assert swapping.in_bytes_s >= 0
