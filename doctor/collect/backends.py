"""Which GPU libraries a process has in memory, and which lie beside its program and were not loaded.

A program that computes on a graphics card must map the driver's library; one without any cannot use the card, whatever
its options say. Names as in llama.cpp b10549, ROCm 6 and 7, CUDA 12 and 13 and the Vulkan loader.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

from doctor.collect import files

# File name of a library -> what it computes with. `libggml-*` and `ggml-*.dll` are llama.cpp's and Ollama's own.
LIBRARIES = re.compile(
    r"(?:lib)?(?:ggml-)?(?:"
    r"(?P<cuda>cuda(?:rt|_v\d+)?(?:64_\d+)?|nvcuda|cublas(?:Lt)?)"
    r"|(?P<hip>hip|amdhip64(?:_\d+)?|hsa-runtime64|hipblas(?:lt)?)"
    r"|(?P<vulkan>vulkan(?:-1)?)"
    r"|(?P<sycl>sycl\d*|ze_loader)"
    r"|(?P<opencl>opencl)"
    r"|(?P<musa>musa(?:rt)?)"
    r"|(?P<cann>cann|ascendcl)"
    r")(?:\.so(?:\.[\d.]+)?|\.dll)",
    re.IGNORECASE,
)
# Libraries whose folder also holds the backends that the program may load.
OWN = re.compile(r"(?:lib)?(?:ggml|llama)[\w.+-]*\.(?:so|dll)", re.IGNORECASE)
MAPS_BYTES = 8 << 20  # a process with PyTorch has some 300 kB
MOST_FOLDERS = 8

Found = tuple[tuple[str, ...], tuple[str, ...]]


def backends_of(pids: Iterable[int], root: Path = Path("/")) -> Found | None:
    """Backends in the memory of these processes, and those beside their programs that are not.

    None where one of them may not be looked at, or lives in a container with files of its own.
    """
    mapped: set[str] = set()
    folders: set[Path] = set()
    for pid in pids:
        paths = _mapped(pid, root)
        if paths is None:
            return None
        mapped.update(paths)
        folders.update(_folders(pid, paths, root))
    loaded = {kind for path in mapped if (kind := backend(path))}
    names = [entry.name for folder in sorted(folders)[:MOST_FOLDERS] for entry in _beside(folder)]
    return tuple(sorted(loaded)), tuple(sorted({kind for name in names if (kind := backend(name))} - loaded))


def backend(path: str) -> str:
    """What the library at this path computes with; empty for any other file."""
    found = LIBRARIES.fullmatch(re.split(r"[/\\]", path)[-1])
    return (found.lastgroup or "") if found else ""


def _mapped(pid: int, root: Path) -> set[str] | None:
    """Paths of the files that the process has mapped."""
    if not sys.platform.startswith("linux"):
        return _mapped_elsewhere(pid)
    folder = root / f"proc/{pid}"
    if _namespace(folder) != _namespace(root / "proc/self"):
        return None
    maps = files.text(folder / "maps", MAPS_BYTES)
    if not maps:
        return None
    parts = (line.split(None, 5) for line in maps.splitlines())
    return {path[5].removesuffix(" (deleted)") for path in parts if len(path) == 6 and path[5].startswith("/")}


def _namespace(process: Path) -> str | None:
    """The identity of the process' view of the file system; None where it may not be read."""
    try:
        return str((process / "ns/mnt").readlink())
    except OSError:
        return None


def _mapped_elsewhere(pid: int) -> set[str] | None:
    """The same on Windows; macOS does not tell."""
    try:
        return {mapping.path for mapping in psutil.Process(pid).memory_maps(grouped=True)}
    except (AttributeError, psutil.Error, OSError):
        return None


def _folders(pid: int, paths: set[str], root: Path) -> set[Path]:
    """Folders where the program's backends lie: its own, `../lib/ollama`, and those of llama.cpp's libraries."""
    folders = {Path(path).parent for path in paths if OWN.fullmatch(re.split(r"[/\\]", path)[-1])}
    try:
        program = (root / f"proc/{pid}/exe").readlink() if sys.platform.startswith("linux") else _program(pid)
    except (OSError, psutil.Error):
        return folders
    return folders | {program.parent, program.parent.parent / "lib/ollama", program.parent / "lib/ollama"}


def _program(pid: int) -> Path:
    return Path(psutil.Process(pid).exe())


def _beside(folder: Path) -> list[Path]:
    """Libraries of llama.cpp's backends in the folder and one below it (Ollama has `cuda_v13/`)."""
    return [
        path
        for pattern in ("*ggml-*", "*/*ggml-*")
        for path in files.entries(folder, pattern)
        if OWN.fullmatch(path.name)
    ]
