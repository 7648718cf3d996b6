"""Model servers among the processes: real processes under the names of servers, which end with the test."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from doctor.collect.servers import running_servers, runtime_of

LISTEN = (
    "import socket,sys;s=socket.create_server(('127.0.0.1',0));print(s.getsockname()[1],flush=True);sys.stdin.read()"
)
PARENT = "import subprocess,sys;subprocess.run([sys.argv[1],'-c',sys.argv[2]])"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names processes by symbolic links")


@pytest.fixture
def named(tmp_path):
    """Starts Python under another program's name; gives the process and the first line that it prints."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, *arguments: str) -> tuple[int, str]:
        process = subprocess.Popen(
            [str(link(tmp_path, name)), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process.pid, process.stdout.readline().strip()

    yield start
    for process in started:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def link(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.exists():
        path.symlink_to(Path(sys.executable).resolve())
    return path


def test_a_server_is_known_by_its_name_with_the_port_it_listens_on(named):
    pid, port = named("llama-server", "-c", LISTEN)
    mine = [server for server in running_servers() if server.pid == pid]
    assert [(server.runtime, server.ports) for server in mine] == [("llama.cpp", (int(port),))]


def test_the_engine_of_another_server_is_not_a_server_of_its_own(named, tmp_path):
    _, port = named("ollama", "-c", PARENT, str(link(tmp_path, "llama-server")), LISTEN)
    ports = [port for server in running_servers() for port in server.ports]
    assert int(port) not in ports


@pytest.mark.parametrize(
    ("name", "command", "runtime"),
    [
        ("python3.11", ["python3", "-m", "vllm.entrypoints.openai.api_server"], "vllm"),
        ("python3", ["python3", "/opt/bin/vllm", "serve", "m"], "vllm"),
        ("python", ["python", "-m", "mlx_lm.server"], "mlx-lm"),
        ("python", ["python", "train.py", "--note", "vllm.entrypoints"], ""),
        ("llama", ["llama", "serve"], "llama.cpp"),
        ("llama", ["llama", "bench"], ""),
        ("Ollama.exe", [], "ollama"),
        ("mixtral.llamafile", [], "llamafile"),
        ("nginx", ["nginx"], ""),
    ],
)
def test_programs_are_told_by_name_and_the_first_words_of_the_command(name, command, runtime):
    class Seen(psutil.Process):
        def __init__(self) -> None:
            pass

        def cmdline(self) -> list[str]:
            return command

    assert runtime_of(name, Seen()) == runtime
