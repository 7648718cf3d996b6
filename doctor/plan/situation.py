"""What a remedy is fitted to: the server, how it was started, and what is known about this machine."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from doctor.address import is_loopback
from doctor.context import Context
from doctor.facts import (
    ChatTemplate,
    Cpu,
    FileHealth,
    Identity,
    Launch,
    Models,
    Rendered,
    ServerProcess,
    Shell,
    System,
    Window,
)
from doctor.facts.fact import Fact
from doctor.plan import templates
from doctor.plan.parsers import parsers

FACTS: tuple[type[Fact], ...] = (
    System,
    Shell,
    ServerProcess,
    Launch,
    Models,
    Window,
    Cpu,
    Rendered,
    ChatTemplate,
    FileHealth,
)
WANTED_WINDOW = 32_768  # tokens: enough for an agent's tools and a few files; memory grows with it
END_MARKERS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "</s>")  # by family, most specific first


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """One server on one machine. `values` fill the blanks of remedies; a blank that is not there cannot be filled."""

    url: str = ""
    runtime: str = ""
    version: str = ""
    os: str = ""
    shell: str = ""
    model: str = ""
    local: bool = False  # the server runs on this machine
    process: ServerProcess | None = None
    launch: Launch | None = None
    values: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the server that are known."""
        return self.process.environment if self.process else {}

    @property
    def command(self) -> tuple[str, ...]:
        """The server's command line, secrets masked; empty when it cannot be seen."""
        if self.launch is not None and self.launch.command:
            return self.launch.command
        return self.process.command if self.process else ()


def situation_of(context: Context, identity: Identity | None, model: str, values: dict[str, str]) -> Situation:
    """The situation of a target as far as its facts are at hand; nothing is collected for it."""
    known = {kind: context.at_hand(kind) for kind in FACTS}
    facts = {kind: fact for kind, fact in known.items() if fact is not None}
    runtime, version = (identity.runtime, identity.version) if identity else ("", "")
    return situation(facts, url=context.target.url, runtime=runtime, version=version, model=model, values=values)


def situation(
    facts: Mapping[type[Fact], Fact], *, url: str, runtime: str, version: str, model: str, values: dict[str, str]
) -> Situation:
    """The situation that these facts describe; what is missing among them stays unknown."""
    system, shell = facts.get(System), facts.get(Shell)
    process, launch = facts.get(ServerProcess), facts.get(Launch)
    tunnel = isinstance(process, ServerProcess) and process.tunnel
    return Situation(
        url=url,
        runtime=runtime,
        version=version,
        os=system.os if isinstance(system, System) else "",
        shell=shell.kind if isinstance(shell, Shell) else "",
        model=model,
        local=is_loopback(urlsplit(url).hostname or "") and not tunnel,
        process=process if isinstance(process, ServerProcess) and not tunnel else None,
        launch=launch if isinstance(launch, Launch) else None,
        values={**values, **blanks(facts)},
    )


def blanks(facts: Mapping[type[Fact], Fact]) -> dict[str, str]:
    """Numbers and names that remedies ask for, by the name of the blank."""
    found = _of_window(facts.get(Window)) | _of_machine(facts.get(Cpu)) | _of_model(facts.get(Models))
    return found | _of_template(facts.get(Rendered), facts.get(ChatTemplate), facts.get(FileHealth))


def _of_window(window: Fact | None) -> dict[str, str]:
    """`window`: tokens to ask for, more than now and at most the trained ones; `windows`: those of all slots."""
    if not isinstance(window, Window) or not window.per_request:
        return {"window": str(WANTED_WINDOW), "windows": str(WANTED_WINDOW)}
    wanted = max(WANTED_WINDOW, 2 * window.per_request)
    wanted = min(wanted, window.trained or wanted)
    if wanted <= window.per_request:
        return {}
    shared = window.total == window.per_request
    slots = 1 if shared else window.slots or 1
    return {"window": str(wanted), "windows": str(wanted * slots)}


def _of_machine(cpu: Fact | None) -> dict[str, str]:
    """`cores`: threads that decode well, the fast cores where there are two kinds."""
    if not isinstance(cpu, Cpu) or not (cpu.performance_cores or cpu.physical_cores):
        return {}
    return {"cores": str(cpu.performance_cores or cpu.physical_cores)}


def _of_model(models: Fact | None) -> dict[str, str]:
    """`requested` by the user, `embedder` of the list, and the `tool_parser` and `reasoning_parser` of the family."""
    if not isinstance(models, Models):
        return {}
    named = {"requested": models.requested, "embedder": models.embedding}
    return {name: value for name, value in named.items() if value} | parsers(models.chosen)


def _of_template(rendered: Fact | None, template: Fact | None, file: Fact | None) -> dict[str, str]:
    """`end_marker` and its id `end_token` close a turn; `chatml` (a file) and `chatml_go` suit a ChatML vocabulary."""
    found = {}
    text = template.text if isinstance(template, ChatTemplate) else ""
    marker = next((marker for marker in END_MARKERS if marker in text), "")
    if isinstance(rendered, Rendered):
        marker = rendered.end_marker or marker
        if rendered.end_marker_id is not None:
            found["end_token"] = str(rendered.end_marker_id)
        if templates.CHATML_MARKER in rendered.turn_markers:
            found["chatml"] = str(templates.place())
    elif templates.CHATML_MARKER in text or (isinstance(file, FileHealth) and templates.CHATML_END in file.end_tokens):
        found["chatml_go"] = templates.text(templates.GO)
    return found | ({"end_marker": marker} if marker else {})
