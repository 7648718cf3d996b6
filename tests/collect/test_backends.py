"""Which GPU libraries a process has: a recorded /proc, and a real process of this machine."""

import os
import sys

import pytest

from doctor.collect.backends import backend, backends_of

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

LINE = "7f00a0000000-7f00a0001000 r-xp 00000000 08:01 1234   {}\n"


def process(root, pid, *paths, program="/usr/bin/llama-server", view="mnt:[1]"):
    """A process of a made-up machine with these files mapped."""
    folder = root / f"proc/{pid}"
    (folder / "ns").mkdir(parents=True)
    (folder / "ns/mnt").symlink_to(view)
    (folder / "exe").symlink_to(program)
    (folder / "maps").write_text("".join(LINE.format(path) for path in (program, "[heap]", *paths)))


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "proc/self/ns").mkdir(parents=True)
    (tmp_path / "proc/self/ns/mnt").symlink_to("mnt:[1]")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("/usr/lib/x86_64-linux-gnu/libcuda.so.570.86.15", "cuda"),
        ("/opt/llama/libggml-cuda.so", "cuda"),
        ("C:\\llama\\ggml-cuda.dll", "cuda"),
        ("cudart64_12.dll", "cuda"),
        ("libcublasLt.so.13", "cuda"),
        ("libamdhip64.so.6", "hip"),
        ("amdhip64_7.dll", "hip"),
        ("libggml-hip.so.0", "hip"),
        ("vulkan-1.dll", "vulkan"),
        ("libvulkan.so.1.3.275", "vulkan"),
        ("libze_loader.so.1", "sycl"),
        ("libOpenCL.so.1", "opencl"),
        ("libggml-cpu-haswell.so", ""),
        ("libggml-base.so.0.9.4", ""),
        ("libllama.so", ""),
        ("cuda-notes.txt", ""),
    ],
)
def test_a_library_is_told_by_its_name(name, kind):
    assert backend(name) == kind


@linux
def test_the_libraries_of_a_server_and_its_children_are_counted(machine):
    process(machine, 10, "/usr/lib/libc.so.6")
    process(machine, 11, "/usr/lib/libcuda.so.1", "/usr/lib/libvulkan.so.1 (deleted)")
    assert backends_of([10, 11], machine) == (("cuda", "vulkan"), ())
    assert backends_of([10], machine) == ((), ())


@linux
def test_backends_beside_the_program_are_told_apart_from_loaded_ones(machine):
    program = machine / "opt/llama/llama-server"
    (machine / "opt/llama/cuda_v13").mkdir(parents=True)
    for name in ("libggml-vulkan.so", "libggml-cpu-haswell.so", "cuda_v13/libggml-cuda.so", "ggml-hip.md"):
        (program.parent / name).touch()
    process(machine, 10, "/usr/lib/libvulkan.so.1", program=str(program))
    assert backends_of([10], machine) == (("vulkan",), ("cuda",))


@linux
def test_the_folder_of_a_python_modules_library_is_looked_at(machine):
    folder = machine / "site-packages/llama_cpp/lib"
    folder.mkdir(parents=True)
    for name in ("libllama.so", "libggml-cuda.so"):
        (folder / name).touch()
    process(machine, 10, str(folder / "libllama.so"), program="/usr/bin/python3.12")
    assert backends_of([10], machine) == ((), ("cuda",))


@linux
def test_a_process_in_a_container_or_of_another_user_is_not_known(machine):
    process(machine, 10, view="mnt:[2]")
    (machine / "proc/11").mkdir()
    assert backends_of([10], machine) is None
    assert backends_of([11], machine) is None


@linux
def test_this_process_can_be_looked_at():
    assert backends_of([os.getpid()]) is not None
    assert backends_of([1 << 30]) is None
