"""The process behind a port: real sockets of this test's own process, and the real engine."""

import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from doctor.collect import process
from doctor.collect.process_memory import held_by
from doctor.errors import Skip
from doctor.facts import Reach
from tests.given import given


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_process_on_the_port_is_found_with_its_address(listening):
    found = process.read_server_process(listening, "")
    assert found.pid == os.getpid()
    assert found.listens_on == ("127.0.0.1",)
    assert found.rss_bytes > 0
    assert found.threads >= 1
    assert found.environment_readable


def test_children_are_listed_with_their_command_lines(listening):
    words = (sys.executable, "-c", "import sys; sys.stdin.read()", "--flash-attn", "off")
    with subprocess.Popen(words, stdin=subprocess.PIPE) as child:
        found = process.read_server_process(listening, "")
        child.stdin.close()
    assert child.pid in found.child_pids
    assert found.option_anywhere("-fa", "--flash-attn") == "off"


def test_a_port_without_a_process_is_skipped(listening):
    with pytest.raises(Skip, match="cannot be found on this machine"):
        process.read_server_process(1, "ollama")


async def test_the_engine_is_found_behind_its_url(engine):
    """On a real llama.cpp server."""
    port = int(engine.rsplit(":", 1)[1])
    reach = Reach(url=engine, host="127.0.0.1", port=port, state="open")
    found = await process.collect_server_process(given([reach]))
    assert found.command
    assert "127.0.0.1" in found.listens_on


async def test_a_server_on_another_machine_is_not_looked_for():
    reach = Reach(url="http://192.168.1.9:11434", host="192.168.1.9", port=11434, state="open")
    with pytest.raises(Skip, match="another machine"):
        await process.collect_server_process(given([reach]))


def test_secrets_on_a_command_line_are_masked():
    words = ("llama-server", "--api-key", "k1", "-c", "4096", "--hf-token=k2", "API_KEY=k3", "--api-key-file", "/keys")
    assert process.cleaned(words) == (
        "llama-server",
        "--api-key",
        "***",
        "-c",
        "4096",
        "--hf-token=***",
        "API_KEY=***",
        "--api-key-file",
        "/keys",
    )


def test_hostile_arguments_are_cleaned_and_capped():
    words = ("a\nb", "\x1b]0;title\x07x", "y" * 10_000, "http://me:secret@host/", *["z"] * 1000)
    first, second, third, address, *rest = process.cleaned(words)
    assert (first, second, address) == ("a b", "x", "http://***@host/")
    assert len(third) <= 300
    assert len(rest) < 200


def service(pid, ppid, name, *words):
    return SimpleNamespace(info={"pid": pid, "ppid": ppid, "name": name, "cmdline": [name, *words]})


def test_the_only_server_of_the_runtime_is_taken_for_another_users_socket():
    running = [service(10, 1, "ollama", "serve"), service(11, 10, "llama-server"), service(12, 1, "bash")]
    assert process._only_server("ollama", 11434, running) == 10


def test_two_servers_of_the_runtime_are_not_guessed_between():
    running = [service(10, 1, "ollama", "serve"), service(20, 1, "ollama", "serve")]
    assert process._only_server("ollama", 11434, running) is None


def test_a_server_is_known_by_the_port_on_its_command_line():
    running = [service(10, 1, "llama-server", "--port", "9000"), service(20, 1, "llama-server")]
    assert process._only_server("llama.cpp", 9000, running) == 10
    assert process._only_server("llama.cpp", 8080, running) == 20
    assert process._only_server("llama.cpp", 7000, running) is None


@pytest.mark.parametrize("name", ["docker-proxy", "nginx"])
def test_a_program_that_only_passes_on_is_not_the_server(name):
    with pytest.raises(Skip, match=name):
        process._described(SimpleNamespace(pid=1, name=lambda: name), (), process.ROOT)


def test_a_tunnel_is_told():
    found = process._described(SimpleNamespace(pid=1, name=lambda: "ssh"), ("127.0.0.1",), process.ROOT)
    assert found.tunnel
    assert found.command == ()


def test_the_memory_of_a_process_and_its_limit_for_locks_are_read(tmp_path):
    folder = tmp_path / "proc/7"
    folder.mkdir(parents=True)
    (folder / "limits").write_text(
        "Limit  Soft Limit  Hard Limit  Units\nMax locked memory         8388608    8388608    bytes\n"
    )
    (folder / "status").write_text("Name:\tx\nVmLck:\t    1024 kB\n")
    one = SimpleNamespace(pid=7, memory_info=lambda: SimpleNamespace(rss=30 << 20, shared=10 << 20))
    held = held_by([one], tmp_path)
    assert (held.lock_limit_bytes, held.locked_bytes) == (8388608, 1024 * 1024)
    assert (held.rss_bytes, held.private_bytes) == (30 << 20, 20 << 20)
    (folder / "limits").write_text("Max locked memory         unlimited   unlimited  bytes\n")
    one.memory_info = lambda: SimpleNamespace(rss=30 << 20)
    assert held_by([one], tmp_path).lock_limit_bytes is None
    assert held_by([one], tmp_path).private_bytes is None
