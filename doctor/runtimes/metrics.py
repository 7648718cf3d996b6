"""A server's Prometheus metrics: the samples of one answer, by name.

Text format 0.0.4: `name{label="value",...} number`, comments after `#`. What is not such a line is passed over.
"""

import math
import re
from collections.abc import Mapping

import msgspec

from doctor.context import Context
from doctor.errors import Malformed, Refused

SAMPLE = re.compile(r"([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+\d+)?")
LABEL = re.compile(r'([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"')
MAX_BYTES = 4 << 20


class Sample(msgspec.Struct, frozen=True):
    """One line: its labels and its value."""

    labels: dict[str, str]
    value: float


async def read_metrics(
    context: Context, wanted: tuple[str, ...], path: str = "/metrics"
) -> Mapping[str, tuple[Sample, ...]]:
    """The samples of the wanted names. Raises Refused, Malformed, Unreachable or TooLate."""
    answer = await context.http.get(path, max_bytes=MAX_BYTES)
    if answer.status >= 400:
        raise Refused(f"GET {path} answered {answer.status}", answer.status, answer.text())
    found = parse(answer.text(), wanted)
    if not found:
        raise Malformed(f"GET {path} holds none of the server's metrics")
    return found


def parse(text: str, wanted: tuple[str, ...]) -> dict[str, tuple[Sample, ...]]:
    """Samples by name, those of the wanted names only; values that are no number are left out."""
    found: dict[str, tuple[Sample, ...]] = {}
    for line in text.splitlines():
        if not line.startswith(wanted) or not (sample := SAMPLE.fullmatch(line.strip())):
            continue
        name, labels, written = sample.groups()
        try:
            value = float(written)
        except ValueError:
            continue
        if name in wanted and math.isfinite(value):
            found[name] = (*found.get(name, ()), Sample(dict(LABEL.findall(labels or "")), value))
    return found
