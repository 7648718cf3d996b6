"""How a process was started: real processes and real parents; systemctl and docker stood in for by small programs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.collect import containers
from doctor.collect.launch import agent_of, launch_of
from doctor.collect.shell import shell_of
from doctor.errors import Skip

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="process tables differ")
SLEEP = "import sys; sys.stdin.read()"
IDENTITY = "a" * 64


@pytest.fixture
def process(tmp_path):
    """A process of ours, in a folder of its own."""
    running = subprocess.Popen([sys.executable, "-c", SLEEP], stdin=subprocess.PIPE, cwd=tmp_path)
    yield running
    running.kill()
    running.communicate()


def program(path: Path, text: str) -> str:
    """A program that prints a text whatever it is asked."""
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
    path.chmod(0o755)
    return str(path)


def root_with(tmp_path: Path, pid: int, group: str) -> Path:
    """A root of /proc in which the process is in this cgroup."""
    root = tmp_path / "root"
    (root / f"proc/{pid}").mkdir(parents=True)
    (root / f"proc/{pid}/cgroup").write_text(group)
    return root


async def test_a_process_started_by_hand_is_plain_and_ours(process, tmp_path):
    launch = await launch_of(process.pid, root_with(tmp_path, process.pid, "0::/user.slice/session-2.scope\n"))
    assert (launch.method, launch.own) == ("plain", True)
    assert launch.folder == str(tmp_path)
    assert launch.program.startswith("/")


async def test_a_process_that_is_gone_is_a_skip(process):
    process.kill()
    process.wait()
    with pytest.raises(Skip, match="ended"):
        await launch_of(process.pid)


@pytest.mark.parametrize(
    ("group", "method"),
    [
        ("0::/system.slice/llama.service\n", "systemd"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/llama.service\n", "systemd-user"),
    ],
)
async def test_the_main_process_of_a_unit_was_started_by_the_unit(process, tmp_path, group, method):
    shown = f"MainPID={process.pid}\nFragmentPath=/lib/llama.service\nDropInPaths=/etc/a.conf /etc/b.conf"
    systemctl = program(tmp_path / "systemctl", shown)
    launch = await launch_of(process.pid, root_with(tmp_path, process.pid, group), systemctl)
    assert (launch.method, launch.name, launch.wrapped) == (method, "llama.service", False)
    assert launch.files == ("/lib/llama.service", "/etc/a.conf", "/etc/b.conf")
    assert launch.drop_in.endswith("llama.service.d/zz-llm-doctor.conf")
    assert launch.drop_in.startswith("/etc" if method == "systemd" else str(Path.home()))


async def test_a_script_of_the_unit_in_between_is_seen(process, tmp_path):
    systemctl = program(tmp_path / "systemctl", f"MainPID={os.getpid()}\nFragmentPath=/lib/x.service")
    root = root_with(tmp_path, process.pid, "0::/system.slice/x.service\n")
    assert (await launch_of(process.pid, root, systemctl)).wrapped


async def test_a_terminal_that_lives_in_a_unit_did_not_start_as_the_unit(process, tmp_path):
    systemctl = program(tmp_path / "systemctl", "MainPID=1234567\nFragmentPath=/lib/x.service")
    group = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/gnome-terminal-server.service\n"
    assert (await launch_of(process.pid, root_with(tmp_path, process.pid, group), systemctl)).method == "plain"


async def test_without_systemctl_nothing_is_claimed(process, tmp_path):
    root = root_with(tmp_path, process.pid, "0::/system.slice/x.service\n")
    assert (await launch_of(process.pid, root, str(tmp_path / "none"))).method == "plain"


ABOUT = {
    "Name": "/stack-ollama-1",
    "Config": {
        "Cmd": ["serve", "--api-key", "s3cr3t"],
        "Env": ["TOKEN=s3cr3t"],
        "Labels": {
            "com.docker.compose.service": "ollama",
            "com.docker.compose.project.config_files": "COMPOSE",
            "com.docker.compose.project.working_dir": "/srv/stack",
        },
    },
}


def docker(tmp_path: Path, about: object) -> str:
    """A docker that lists one container and describes it."""
    path = tmp_path / "docker"
    path.write_text(
        f"#!/bin/sh\nif [ \"$1\" = ps ]; then echo {IDENTITY}; else cat <<'END'\n{json.dumps([about])}\nEND\nfi\n"
    )
    path.chmod(0o755)
    return str(path)


async def test_a_compose_service_is_found_by_its_published_port_and_its_secrets_stay_out(tmp_path):
    compose = tmp_path / "compose.yaml"
    compose.write_text(
        "services:\n  ollama:\n    environment:\n      HF_TOKEN: s3cr3t\n      A: b\n  web:\n    image: x\n"
    )
    about = json.loads(json.dumps(ABOUT).replace("COMPOSE", str(compose)))
    launch = await containers.publishing(11434, [docker(tmp_path, about)])
    assert (launch.method, launch.name, launch.service) == ("compose", "stack-ollama-1", "ollama")
    assert launch.command == ("serve", "--api-key", "***")
    assert "A: b" in launch.definition
    assert "s3cr3t" not in str(launch)
    assert "web" not in launch.definition


async def test_a_container_without_compose_is_a_container(tmp_path):
    launch = await containers.inspected(IDENTITY, [docker(tmp_path, {"Name": "/llama", "Config": {"Cmd": None}})])
    assert (launch.method, launch.name, launch.command) == ("docker", "llama", ())


@pytest.mark.parametrize("text", ["", "not json", "[]", "[1]", '{"a": 1}'])
async def test_a_docker_that_talks_nonsense_says_nothing(tmp_path, text):
    assert await containers.inspected(IDENTITY, [program(tmp_path / "docker", text)]) is None


async def test_a_process_inside_a_container_is_described_by_docker_or_by_its_id(process, tmp_path):
    root = root_with(tmp_path, process.pid, f"0::/system.slice/docker-{IDENTITY}.scope\n")
    assert (await launch_of(process.pid, root)).name == IDENTITY[:12]


def test_a_property_list_that_names_the_program_is_found(tmp_path):
    (tmp_path / "a.plist").write_text("<string>/usr/bin/other</string>")
    (tmp_path / "homebrew.mxcl.ollama.plist").write_text("<string>/opt/homebrew/opt/ollama/bin/ollama</string>")
    found = agent_of("/opt/homebrew/Cellar/ollama/0.32/bin/ollama", [tmp_path])
    assert found.stem == "homebrew.mxcl.ollama"
    assert agent_of("", [tmp_path]) is None


@pytest.mark.parametrize(
    ("parents", "environment", "platform", "kind"),
    [
        (["python3", "fish", "sh"], {"SHELL": "/bin/bash"}, "linux", "fish"),
        (["sh", "make", "-zsh"], {}, "linux", "posix"),
        (["pwsh.exe"], {}, "win32", "pwsh"),
        (["cmd.exe", "explorer.exe"], {}, "win32", "cmd"),
        (["python"], {"SHELL": "/usr/bin/fish"}, "linux", "fish"),
        ([], {}, "win32", "powershell"),
        ([], {}, "darwin", "posix"),
    ],
)
def test_the_shell_is_the_nearest_one_above_us(parents, environment, platform, kind):
    assert shell_of(parents, environment, platform).kind == kind
