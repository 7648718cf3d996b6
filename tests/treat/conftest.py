"""A small server as an ordinary process, and what it says about itself."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from doctor.collect import alive
from doctor.treat.acts import Restart, Start
from doctor.ward import leash
from doctor.ward.programs import free_port

SERVER = Path(__file__).with_name("small_server.py")


def python(code: str, *words: str) -> str:
    """What the code prints, run in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def model_at(url: str) -> str:
    """The model that the server there has; "" when nobody answers."""
    try:
        with urllib.request.urlopen(f"{url}/v1/models", timeout=5) as answer:
            return json.load(answer)["data"][0]["id"]
    except OSError:
        return ""


def wait_for(url: str, model: str) -> None:
    ends_s = time.monotonic() + 20
    while model_at(url) != model:
        assert time.monotonic() < ends_s, f"{url} has {model_at(url)!r}, not {model!r}"
        time.sleep(0.02)


@pytest.fixture
def started(tmp_path):
    """Start a small server with these words; its process and URL. Whatever it becomes, it ends with the test."""
    with leash.kept(120.0) as held:
        running = []

        def start(*words, **variables):
            port = free_port()
            environment = {"PATH": "/usr/bin:/bin", **held, **variables}
            log = (tmp_path / "server.log").open("ab")
            process = subprocess.Popen(
                [sys.executable, str(SERVER), str(port), *words], env=environment, cwd=tmp_path, stdout=log, stderr=log
            )
            log.close()
            running.append(process)
            url = f"http://127.0.0.1:{port}"
            wait_for(url, f"{words[0]} {variables.get('FLAVOUR', '')}".strip())
            return process, url

        yield start
    for process in running:
        process.kill()
        process.wait()


def run_again(act: Restart, *words: str, loop: str = "") -> subprocess.Popen:
    """The server's old command with other words behind the port, perhaps in a shell's loop, as somebody else's."""
    command = [*act.old.command[:3], *(words or act.old.command[3:])]
    command = ["/bin/sh", "-c", loop, "sh", *command] if loop else command
    return subprocess.Popen(command, env=act.old.environment, cwd=act.old.folder)


def restart(process, url: str, *new: str, **variables: str) -> Restart:
    """The act that starts the server again with other words behind its port."""
    now = alive.look(process.pid)
    old = Start(command=now.command, environment=now.environment, folder=now.folder, log=now.output)
    words = (*now.command[:3], *(new or now.command[3:]))
    environment = {**now.environment, **variables}
    return Restart(
        say="again",
        pid=now.pid,
        created_s=now.created_s,
        old=old,
        new=Start(command=words, environment=environment, folder=now.folder, log=now.output),
        url=url,
    )
