"""The machine's vital signs, read on this machine and below a folder that holds what another kernel said."""

import os
import sys

import pytest

from doctor.collect.vitals import HOLDER_BYTES, Looker, holders, swap_counters

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


async def test_a_look_at_this_machine_has_memory_and_processor():
    looker = Looker()
    first, second = await looker.look(), await looker.look()
    assert 0 < second.memory.available_bytes <= second.memory.total_bytes
    assert 0 <= second.cpu_busy <= 1
    assert second.at_s >= first.at_s


@LINUX
def test_a_process_that_takes_memory_is_among_the_holders_of_it():
    ballast = bytearray(HOLDER_BYTES * 2)
    ballast[:: os.sysconf("SC_PAGE_SIZE")] = b"x" * len(ballast[:: os.sysconf("SC_PAGE_SIZE")])
    sizes = [holder.bytes for holder in holders(Looker().root)]
    assert sizes == sorted(sizes, reverse=True)
    assert all(size >= HOLDER_BYTES for size in sizes)
    assert sizes


@LINUX
def test_swap_counters_are_pages_since_boot(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/vmstat").write_text("pswpin 3\npswpout 5\nother 1\nworkingset_refault_file 7\n")
    page = os.sysconf("SC_PAGE_SIZE")
    assert swap_counters(tmp_path) == (3 * page, 5 * page, 7 * page)
    (tmp_path / "proc/vmstat").write_text("nr_free_pages 1\n")
    assert swap_counters(tmp_path) == (None, None, None)


@LINUX
def test_processes_that_ended_meanwhile_are_left_out(tmp_path):
    for name, text in (("1", "x"), ("22", ""), ("333", "9 99999999 1")):
        (tmp_path / "proc" / name).mkdir(parents=True)
        (tmp_path / "proc" / name / "statm").write_text(text)
    (tmp_path / "proc/4").mkdir()
    assert [holder.pid for holder in holders(tmp_path)] == [333]
