"""One line for Nagios, Icinga and their like: state, what is wrong, and the numbers with their units.

Rules: monitoring-plugins.org's development guidelines. No bar in the text, no exponents, at most 4 KiB.
"""

from doctor.model import Report
from doctor.report import Look
from doctor.report.figures import Figure, figures
from doctor.report.summary import headline, sentences

STATES = {"ok": "OK", "warning": "WARNING", "critical": "CRITICAL", "unknown": "UNKNOWN"}
MAX_BYTES = 4096
UNITS = {"s": "s", "bytes": "B"}


def render(report: Report, look: Look | None = None) -> str:
    """The first line, then one line for each thing that is wrong."""
    data = performance(report)
    rest = [_safe(sentence) for target in report.targets for sentence in sentences(target)]
    first = f"{STATES[report.state]} - {_safe(headline(report))}"
    text = "\n".join([f"{first} | {data}" if data else first, *(rest if len(rest) > 1 else [])])
    return _cut(text) + "\n"


def performance(report: Report) -> str:
    """`'label'=value[unit];;;min` for each number; of several servers with the number of the server."""
    words = []
    for number, target in enumerate(report.targets, 1):
        place = f"_{number}" if len(report.targets) > 1 else ""
        words += [_datum(figure, place) for figure in figures(target)]
    count = report.coverage
    words += [f"checks_failed={count.failed};;;0;{count.total}", f"time={report.seconds:.3f}s;;;0"]
    return " ".join(words)


def _datum(figure: Figure, place: str) -> str:
    name = figure.name + ("_tok_s" if figure.unit == "tok/s" else "")
    return f"{name}{place}={decimal(figure.value)}{UNITS.get(figure.unit, '')};;;0"


def decimal(value: float) -> str:
    """A number with a point and without an exponent."""
    return f"{value:.0f}" if value == int(value) else f"{value:.6f}".rstrip("0").rstrip(".")


def _safe(text: str) -> str:
    return text.replace("|", "/").encode("ascii", "replace").decode()


def _cut(text: str) -> str:
    return text if len(text) <= MAX_BYTES - 1 else text[: MAX_BYTES - 4] + "..."
