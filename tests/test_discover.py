"""Which servers are examined when none was named, and how addresses are read. Real sockets, no engine."""

import pytest

from doctor import discover as module
from doctor.discover import discover, from_environment, is_local, ollama_host, parse_target
from doctor.errors import UsageError
from doctor.ward.fault_server import serving


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("localhost:8080", "http://localhost:8080"),
        ("http://h:1/v1/", "http://h:1/v1"),
        ("https://host/llm/v1/chat/completions", "https://host/llm/v1/chat/completions"),
        ("::1", "http://[::1]"),
        ("[::1]:1234", "http://[::1]:1234"),
        (":8080", "http://127.0.0.1:8080"),
        ("8080", "http://127.0.0.1:8080"),
        ("0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("HTTP://LocalHost:1/", "http://localhost:1"),
        ("  http://h:1?x=1#y ", "http://h:1"),
    ],
)
def test_addresses_as_people_write_them(text, url):
    assert parse_target(text, origin="--target").url == url


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "ftp://h", "unix:///x.sock", "http://", "http://h:99999", "http://h:x", "http://a b", "h\n:1",
        "http://[::1", "http://me:hunter2@h:1", "x" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_one_sentence_without_its_secrets(text):
    with pytest.raises(UsageError) as caught:
        parse_target(text, origin="--target")
    assert str(caught.value).startswith("--target: ")
    assert "hunter2" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        (":9999", "http://127.0.0.1:9999"),
        ("http://example", "http://example:80"),
        ("https://example", "https://example:443"),
        ("example:56789/llm", "http://example:56789/llm"),
        ("::1", "http://[::1]:11434"),
        ("[::1]:337", "http://[::1]:337"),
        ("[::]", "http://127.0.0.1:11434"),
        ("example:66000", "http://example:11434"),
        ('"localhost"', "http://localhost:11434"),
    ],
)
def test_ollama_host_is_read_by_ollamas_rules(value, url):
    assert ollama_host(value) == url


def test_the_environment_names_targets_with_their_keys():
    found = from_environment(
        {
            "OLLAMA_HOST": "0.0.0.0:11435",
            "OPENAI_BASE_URL": "http://192.168.1.5:8000/v1",
            "OPENAI_API_KEY": "k",
            "LLAMA_ARG_PORT": "9931",
        }
    )
    assert [(t.url, t.origin, t.api_key, t.named) for t in found] == [
        ("http://127.0.0.1:11435", "OLLAMA_HOST", "", True),
        ("http://192.168.1.5:8000/v1", "OPENAI_BASE_URL", "k", True),
        ("http://127.0.0.1:9931", "LLAMA_ARG_PORT", "", True),
    ]


@pytest.mark.parametrize(
    "url",
    ["https://api.openai.com/v1", "https://openrouter.ai/api/v1", "https://x.azure.com", "http://8.8.8.8/v1", "::::"],
)
def test_cloud_services_and_nonsense_in_variables_are_no_targets(url):
    assert from_environment({"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "secret"}) == ()


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("box", True),
        ("nas.local", True),
        ("10.0.0.3", True),
        ("::1", True),
        ("example.com", False),
    ],
)
def test_local_hosts_by_address_or_name(host, local):
    assert is_local(host) is local


async def test_nothing_running_is_nothing(monkeypatch):
    only_ports(monkeypatch)
    assert await discover({}) == ()


async def test_a_model_server_on_a_known_port_is_a_target_and_another_program_is_not(monkeypatch):
    async with serving("openai") as server, serving("html") as page, serving("ssh") as ssh:
        only_ports(monkeypatch, server.port, page.port, ssh.port)
        found = await discover({})
    assert [(t.url, t.named, t.origin) for t in found] == [(server.url, False, f"port {server.port}")]


async def test_a_named_server_is_kept_though_down_and_counted_once_when_up(monkeypatch):
    async with serving("openai") as server:
        only_ports(monkeypatch, server.port)
        up = await discover({"OLLAMA_HOST": f"localhost:{server.port}"})
    down = await discover({"OLLAMA_HOST": "127.0.0.1:1"})
    assert [(t.origin, t.named) for t in up] == [("OLLAMA_HOST", True)]
    assert [t.url for t in down] == ["http://127.0.0.1:1"]


def only_ports(monkeypatch, *ports: int) -> None:
    """The machine that runs the test may have servers of its own: look at these ports only."""
    assert module.discover
    monkeypatch.setattr("doctor.collect.reach.WELL_KNOWN_PORTS", ports)
    monkeypatch.setattr("doctor.collect.reach.SCAN_CONNECT_S", 5.0)  # a busy machine may let us wait for our turn
    monkeypatch.setattr("doctor.collect.servers.running_servers", lambda: ())
