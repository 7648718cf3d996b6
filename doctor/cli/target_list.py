"""A file with one target a line."""

from pathlib import Path

from doctor.errors import UsageError
from doctor.text import one_line

MAX_BYTES = 1 << 20
MAX_TARGETS = 10_000


def read_targets(path: str) -> tuple[str, ...]:
    """The targets in order, each once. Raises UsageError with the line of one that is no address."""
    shown = one_line(path, 200)
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"the list of targets {shown} cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"the list of targets {shown} is larger than 1 MiB")
    lines = [line.partition("#")[0].strip() for line in data.decode("utf-8", "replace").splitlines()]
    found: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        if line:
            found[_checked(line, f"{shown}, line {number}")] = None
    if len(found) > MAX_TARGETS:
        raise UsageError(f"the list of targets {shown} has {len(found)} targets; {MAX_TARGETS} is the most")
    return tuple(found)


def _checked(line: str, where: str) -> str:
    """The target in its normal form, or the name that the settings have for it."""
    from doctor.cli.settings import named
    from doctor.discover import parse_target

    if named(line):
        return line
    if line.startswith(("unix:", "/")) or line.endswith(".sock"):
        raise UsageError(f"{where}: a Unix socket cannot be examined; give the server an address with a port")
    return parse_target(line, origin=where).url
