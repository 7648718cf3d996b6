"""The container behind a port or a process, as the docker command line describes it: read only.

What `docker inspect` says about environment variables may hold secrets and is not read. Compose writes the labels
`com.docker.compose.*` on each container that it makes (docs.docker.com/compose, read at v2.39).
"""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doctor.collect import files
from doctor.collect.command import output
from doctor.collect.process import cleaned
from doctor.collect.variables import MASK, clean
from doctor.errors import Trouble
from doctor.facts import Launch
from doctor.plan.compose import service_lines
from doctor.secret_names import is_secret
from doctor.text import one_line

PROGRAMS = ("/usr/bin/docker", "/usr/local/bin/docker", "/opt/homebrew/bin/docker", "/usr/bin/podman")
DEADLINE_S = 3.0
# How docker finds its daemon.
PASSED_ON = ("HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "CONTAINER_HOST")
IDENTITY = re.compile(r"(?:docker|libpod|crio|cri-containerd)[-/]([0-9a-f]{64})")
LABEL = "com.docker.compose."
SETTING = re.compile(
    r"(?P<before>\s*(?:- +)?[\"']?(?:Environment=)?[\"']?)(?P<name>[\w.-]+)(?P<sign>\s*[:=]\s*)(?P<value>.+)"
)


def id_in(group: str) -> str:
    """The container's id in a process' cgroup; empty for a process outside any container."""
    found = IDENTITY.search(group)
    return found[1] if found else ""


async def publishing(port: int, programs: Sequence[str] = PROGRAMS) -> Launch | None:
    """The container that publishes a port of this machine; None without one, or when docker may not be asked."""
    for program in _there(programs):
        try:
            ids = await output(program, ("ps", "-q", "--no-trunc", "--filter", f"publish={port}"), DEADLINE_S, _own())
        except Trouble:
            continue
        found = ids.split()
        if len(found) == 1 and re.fullmatch(r"[0-9a-f]{12,64}", found[0]):
            return await inspected(found[0], (program,))
    return None


async def inspected(container: str, programs: Sequence[str] = PROGRAMS) -> Launch | None:
    """How a container was made; None when docker may not be asked or does not know it."""
    for program in _there(programs):
        try:
            text = await output(program, ("inspect", "--type", "container", container), DEADLINE_S, _own())
            (about,) = json.loads(text)
        except (Trouble, ValueError):
            continue
        if isinstance(about, dict):
            return _launch(about)
    return None


def _own() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def _there(programs: Sequence[str]) -> list[str]:
    return [program for program in programs if Path(program).is_file()]


def _table(value: Any) -> dict[str, Any]:  # noqa: ANN401 - decoded JSON
    return value if isinstance(value, dict) else {}


def _launch(about: dict[str, Any]) -> Launch:
    settings = _table(about.get("Config"))
    labels = _table(settings.get("Labels"))
    given = settings.get("Cmd")
    words = [word for word in given if isinstance(word, str)] if isinstance(given, list) else []
    service = one_line(str(labels.get(LABEL + "service", "")), 100)
    names = str(labels.get(LABEL + "project.config_files", "")).split(",")
    written = tuple(one_line(name, 1000) for name in names if name)
    text = files.text(Path(written[0])) if service and written else None
    return Launch(
        method="compose" if service else "docker",
        name=one_line(str(about.get("Name", "")).lstrip("/"), 100),
        command=cleaned(words),
        files=written,
        service=service,
        definition=masked(service_lines(text or "", service)),
        folder=one_line(str(labels.get(LABEL + "project.working_dir", "")), 1000),
    )


def masked(text: str) -> str:
    """Lines of a unit or compose file with the values of secret names and credentials in addresses left out."""
    return "".join(f"{_masked_line(line)}\n" for line in text.splitlines())


def _masked_line(line: str) -> str:
    setting = SETTING.fullmatch(line)
    if setting and is_secret(setting["name"]):
        return f"{setting['before']}{setting['name']}{setting['sign']}{MASK}"
    indent = line[: len(line) - len(line.lstrip())]
    return indent + clean(line)
