"""What was measured, as the short texts that bug reports are made of. A text that cannot be had raises Skip."""

import shlex
from typing import Any

import msgspec

from doctor.errors import Skip
from doctor.facts import Cpu, Gpus, Identity, Memory, ModelCard, ServerProcess, System, Window
from doctor.model import Evidence, Finding, Report, Severity, TargetReport
from doctor.report.text import value_text
from doctor.text import mib, one_line, plain

SYSTEMS = {"linux": "Linux", "darwin": "macOS", "windows": "Windows"}
MAX_EVIDENCE = 30
LOG_COMMANDS = {
    ("ollama", "linux"): "journalctl -u ollama --no-pager --pager-end",
    ("ollama", "darwin"): "cat ~/.ollama/logs/server.log",
    ("ollama", "windows"): "type %LOCALAPPDATA%\\Ollama\\server.log",
    ("ollama", "container"): "docker logs NAME",
    ("lmstudio", ""): "lms log stream",
}
LOG_ELSEWHERE = "what the server printed where it was started"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One target of a report with what the user adds to it."""

    report: Report
    target: TargetReport
    words: str = ""
    log: str = ""
    checks: tuple[str, ...] = ()  # that raised what was found, worst first

    def fact(self, kind: type[Any]) -> Any:  # noqa: ANN401 - one of the fact types
        """A fact of the target or the machine. Raises Skip with the reason why there is none."""
        for facts in (self.target.facts, self.report.host):
            value = facts.get(kind.__name__)
            if isinstance(value, dict) and set(value) == {"skipped"}:
                raise Skip(one_line(str(value["skipped"])))
            if value is not None:
                try:
                    return msgspec.convert(value, kind, strict=False)
                except msgspec.ValidationError as error:
                    raise Skip(f"the report's {kind.__name__} cannot be read") from error
        raise Skip("it was not read in this run")

    def maybe(self, kind: type[Any]) -> Any:  # noqa: ANN401
        """The same, or None."""
        try:
            return self.fact(kind)
        except Skip:
            return None

    @property
    def findings(self) -> list[Finding]:
        """What is wrong, worst first; notes only when there is nothing else."""
        order = list(Severity)
        found = [finding for finding in self.target.findings if finding.severity is not Severity.NOTE]
        return sorted(found or self.target.findings, key=lambda finding: -order.index(finding.severity))


def found(case: Case) -> str:
    """The findings, one a line."""
    if not case.findings:
        raise Skip("no check found anything wrong")
    return "\n".join(f"[{finding.symptom}] {one_line(finding.summary, 600)}" for finding in case.findings)


def measured(case: Case) -> str:
    """The numbers behind the findings, with where each comes from."""
    items: dict[Evidence, None] = {}
    for finding in case.findings:
        items.update(dict.fromkeys(finding.evidence))
    if not items:
        raise Skip("what was found carries no numbers")
    return "\n".join(_line(item) for item in list(items)[:MAX_EVIDENCE])


def _line(item: Evidence) -> str:
    source = f"{item.origin}: {one_line(item.source)}" if item.source else str(item.origin)
    return f"{one_line(item.label)}: {value_text(item)}  ({source})"


def version(case: Case) -> str:
    """The server's own words about its version."""
    identity: Identity = case.fact(Identity)
    if not identity.version:
        raise Skip("the server does not tell its version")
    return one_line(f"{identity.name or identity.runtime} {identity.version}")


def system(case: Case) -> str:
    """Operating system, release and architecture."""
    told: System = case.fact(System)
    where = [f"in a container ({told.container})"] if told.container else []
    where += ["in WSL"] if told.wsl else []
    return one_line(" ".join([SYSTEMS.get(told.os, told.os), told.release, told.arch, *where]))


def hardware(case: Case) -> str:
    """Processor, memory and graphics processors."""
    lines = []
    cpu, memory, gpus = case.maybe(Cpu), case.maybe(Memory), case.maybe(Gpus)
    if cpu:
        lines.append(f"CPU: {one_line(cpu.name) or 'unnamed'}, {cpu.physical_cores or cpu.logical_cores} cores")
    if memory:
        lines.append(f"RAM: {mib(memory.total_bytes)}")
    for gpu in gpus.devices if gpus else ():
        size = f", {mib(gpu.memory_total_bytes)}" if gpu.memory_total_bytes else ""
        driver = f", driver {one_line(gpu.driver, 60)}" if gpu.driver else ""
        lines.append(f"GPU {gpu.index}: {one_line(gpu.name)}{size}{driver}")
    if gpus and not gpus.devices:
        lines.append("GPU: none")
    if not lines:
        raise Skip("the machine was not looked at in this run")
    return "\n".join(lines)


def model(case: Case) -> str:
    """Name, architecture, size and quantisation."""
    if not case.target.model:
        raise Skip("no model was examined")
    card: ModelCard | None = case.maybe(ModelCard)
    told = [one_line(case.target.model.rpartition("/")[2] or case.target.model)]
    if card:
        told += [one_line(word, 80) for word in (card.architecture, card.quantization) if word]
        told += [f"{card.parameters / 1e9:.3g} B parameters"] if card.parameters else []
    return ", ".join(told)


def command(case: Case) -> str:
    """The server's command line, and those of its children."""
    process: ServerProcess = case.fact(ServerProcess)
    lines = [shlex.join(plain(word, 2000) for word in words) for words in (process.command, *process.children) if words]
    if not lines:
        raise Skip("the server's process could not be read")
    variables = [f"{name}={plain(value, 500)}" for name, value in process.environment.items()]
    return "\n".join([*variables, *lines])


def environment(case: Case) -> str:
    """All of the above that there is, and the window."""
    lines = []
    for name, part in (("", system), ("", hardware), ("Server: ", version), ("Model: ", model)):
        try:
            lines.append(name + part(case))
        except Skip as skip:
            if name:
                lines.append(f"{name}not available: {skip.reason}")
    window: Window | None = case.maybe(Window)
    if window and window.per_request:
        lines.append(f"Context window: {window.per_request} tokens")
    tool = case.report.tool
    lines.append(
        f"Examined by {one_line(tool.name, 40)} {one_line(tool.version, 40)}, {one_line(case.report.started, 40)}"
    )
    return "\n".join(lines)


def expected(case: Case) -> str:
    """What the checks that failed hold: their own titles."""
    titles = titles_of(case.checks)
    if not titles:
        raise Skip("no check failed")
    return "\n".join(titles)


def titles_of(checks: tuple[str, ...]) -> list[str]:
    """What each check says that it holds."""
    from doctor.plugins import bundled_checks

    return [check.title for check in bundled_checks() if check.id in checks]


def logs(case: Case) -> str:
    """The end of the server's log, if the user handed it over."""
    if case.log:
        return case.log
    told: System | None = case.maybe(System)
    os = "container" if told and told.container else told.os if told else ""
    runtime = case.target.runtime
    where = LOG_COMMANDS.get((runtime, os)) or LOG_COMMANDS.get((runtime, "")) or LOG_ELSEWHERE
    raise Skip(f"no log was given; add it with --log FILE, from: {where}")


def ollama_version(case: Case) -> str:
    """Ollama's version where Ollama was examined."""
    if case.target.runtime != "ollama":
        raise Skip("the examined server is not Ollama")
    return version(case)


def kinds(case: Case, what: str) -> list[str]:
    """The keys of a choice that apply: of the operating system, the GPU, the processor, the backends."""
    if what == "os":
        told: System = case.fact(System)
        return [*(["wsl"] if told.wsl else []), *(["container"] if told.container else []), told.os]
    if what == "cpu":
        cpu: Cpu = case.fact(Cpu)
        return [next((word for word in ("intel", "amd", "apple") if word in cpu.name.lower()), "other")]
    if what == "module":
        return ["server"] if case.target.runtime == "llama.cpp" else []
    gpus: Gpus = case.fact(Gpus)
    vendors = sorted({gpu.vendor for gpu in gpus.devices})
    return vendors if what == "gpu" else vendors or ["cpu"]
