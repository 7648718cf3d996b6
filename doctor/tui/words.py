"""The few words and signs of the face: every state has a sign and a word, never a colour alone."""

from pathlib import PurePath

from doctor.model import Evidence, Origin, Severity, State, Status
from doctor.text import one_line, plain

STATE_SIGNS = {State.OK: "✓", State.WARNING: "!", State.CRITICAL: "✗", State.UNKNOWN: "?"}
SEVERITY_SIGNS = {Severity.NOTE: "·", Severity.WARNING: "!", Severity.CRITICAL: "✗"}
STATUS_SIGNS = {Status.PASSED: "✓", Status.FAILED: "!", Status.SKIPPED: "–", Status.CRASHED: "?"}
RUNNING_SIGN = "…"
# Names of tones are style classes of `Tone`; the colours themselves belong to the theme.
STATE_TONES = {State.OK: "good", State.WARNING: "warn", State.CRITICAL: "bad", State.UNKNOWN: "faint"}
SEVERITY_TONES = {Severity.NOTE: "faint", Severity.WARNING: "warn", Severity.CRITICAL: "bad"}
STATUS_TONES = {Status.PASSED: "good", Status.FAILED: "warn", Status.SKIPPED: "faint", Status.CRASHED: "warn"}
ORIGINS = {
    Origin.REPORTED: "reported by",
    Origin.PROBED: "measured with",
    Origin.COMPUTED: "computed from",
}
RISKS = {
    "none": "changes nothing that runs",
    "request": "sends one request to the server",
    "reload": "the model is loaded again",
    "restart": "the server is started again",
    "global": "changes a setting of this machine",
}
RUNTIME_NAMES = {"ollama": "Ollama", "lmstudio": "LM Studio", "vllm": "vLLM", "openai": "OpenAI-compatible server"}


def runtime_name(runtime: str) -> str:
    """A runtime's id as its makers write it."""
    return RUNTIME_NAMES.get(runtime, one_line(runtime, 40)) or "unknown server"


def address(url: str) -> str:
    """A URL without the scheme, which says nothing on a local machine."""
    return one_line(url, 80).removeprefix("http://").removesuffix("/")


def model_name(model: str) -> str:
    """A model's name; of a file's path only the file's name, for lines that are short of room."""
    clean = one_line(model, 200)
    return PurePath(clean).name if clean.endswith(".gguf") else one_line(clean, 80)


def slug_words(slug: str) -> str:
    """An id as words: `gpu-partial-offload` -> `gpu partial offload`."""
    return one_line(slug, 60).replace("-", " ")


def measured(evidence: Evidence) -> str:
    """A value with its unit, as a person writes it."""
    value = evidence.value
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    else:
        text = plain(str(value), 400)
    return f"{text} {plain(evidence.unit, 20)}".strip()


def where_from(evidence: Evidence) -> str:
    """Origin and source of a value: `reported by GET /api/ps`."""
    source = plain(evidence.source, 120)
    return f"{ORIGINS[evidence.origin]} {source}" if source else evidence.origin.value


def count(number: int, one: str, many: str = "") -> str:
    """`1 check`, `2 checks`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Seconds as a person reads them: `0.4 s`, `12 s`, `3 min 5 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
