"""Connections, what runs elsewhere, and the trial through a proxy. Real sockets and a real proxy on loopback."""

import asyncio
import shutil
import ssl
import subprocess

import pytest

from doctor.collect import reach as module
from doctor.collect.reach import collect_elsewhere, collect_proxy_trial, collect_reach, proxy_for
from doctor.collect.servers import KnownServer
from doctor.context import Context, Target
from doctor.errors import Skip
from doctor.facts import Elsewhere, Fact, ProxyTrial, Reach
from doctor.http import Client
from doctor.model import Depth
from doctor.ward.fault_server import Reader, Writer, answering, http, serving

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxy_of_the_test_machine(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def fact(url: str, kind: type[Fact]) -> Fact:
    collectors = {Reach: collect_reach, Elsewhere: collect_elsewhere, ProxyTrial: collect_proxy_trial}
    async with Client(url, api_key="secret") as client:
        return await Context(Target(url=url), Depth.PASSIVE, collectors, http=client).fact(kind)


async def test_an_open_port_has_the_status_of_its_first_answer():
    async with serving("not-found") as server:
        reach = await fact(server.url, Reach)
    assert (reach.state, reach.http_status) == ("open", 404)
    assert [(t.address, t.state) for t in reach.tried] == [("127.0.0.1", "open")]


async def test_a_closed_port_is_refused(dead_url):
    reach = await fact(dead_url, Reach)
    assert reach.state == "refused"
    assert reach.process_listening is not None


async def test_a_name_without_addresses():
    reach = await fact("http://no-such-host.invalid:1", Reach)
    assert (reach.state, reach.tried) == ("no-such-name", ())


async def test_localhost_is_tried_in_both_families():
    async with serving("not-found") as server:
        reach = await fact(f"http://localhost:{server.port}", Reach)
    assert reach.state == "open"
    assert {t.address for t in reach.tried} >= {"127.0.0.1", "::1"}


async def test_a_name_of_a_hundred_addresses_with_one_alive_is_reached(monkeypatch):
    async def many(host: str, port: int) -> tuple[str, ...]:
        return (*(f"127.9.9.{n}" for n in range(99)), "127.0.0.1")

    monkeypatch.setattr(module, "addresses", many)
    async with serving("not-found") as server:
        reach = await fact(server.url, Reach)
    assert reach.state == "open"
    assert len(reach.tried) == 100


async def test_plain_http_to_a_tls_port_and_the_reverse():
    async with serving("tls") as server:
        plain = await fact(server.url, Reach)
    early = answering(http(200, b"{}"))
    async with serving(early) as server:
        secure = await fact(server.url.replace("http", "https"), Reach)
    assert (plain.state, secure.state) == ("tls", "tls")
    assert "https://" in plain.detail
    assert "http://" in secure.detail


@pytest.fixture
def own_certificate(tmp_path) -> tuple[str, str]:
    if shutil.which("openssl") is None:
        pytest.skip("a certificate is made with openssl")
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"]
    files = ["-keyout", key, "-out", certificate]
    subprocess.run(["openssl", "req", *kind, *files], check=True, capture_output=True)
    return certificate, key


async def test_a_self_signed_certificate_is_named(own_certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*own_certificate)
    async with serving("openai", certificate=context) as server:
        secure = await fact(server.url, Reach)
        plain = await fact(server.url.replace("https", "http"), Reach)
    assert secure.state == "tls"
    assert "self-signed" in secure.detail
    assert plain.state == "tls"


async def test_another_server_of_this_machine_is_found_by_its_process(monkeypatch):
    async with serving("openai") as server, serving("html") as page:
        monkeypatch.setattr(module, "WELL_KNOWN_PORTS", (page.port,))
        monkeypatch.setattr(module, "SCAN_CONNECT_S", 5.0)  # a busy machine may let us wait for our turn
        known = (KnownServer(pid=1, runtime="openai", ports=(server.port,)),)
        monkeypatch.setattr("doctor.collect.servers.running_servers", lambda: known)
        elsewhere = await fact("http://127.0.0.1:1", Elsewhere)
    assert [(f.url, f.runtime) for f in elsewhere.found] == [(server.url, "openai")]


async def test_ports_of_another_machine_are_not_looked_at():
    with pytest.raises(Skip, match="another machine"):
        await fact("http://no-such-host.invalid:1", Elsewhere)


async def test_the_own_port_is_not_elsewhere(monkeypatch):
    async with serving("openai") as server:
        monkeypatch.setattr(module, "WELL_KNOWN_PORTS", (server.port,))
        monkeypatch.setattr("doctor.collect.servers.running_servers", lambda: ())
        elsewhere = await fact(server.url, Elsewhere)
    assert elsewhere.found == ()


async def relay(reader: Reader, writer: Writer) -> None:
    """A plain forward proxy: it fetches what it is asked for."""
    head = await reader.readuntil(b"\r\n\r\n")
    place = head.split(b" ")[1].removeprefix(b"http://").partition(b"/")[0]
    host, _, port = place.decode().partition(":")
    there, out = await asyncio.open_connection(host, int(port))
    out.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    writer.write(await there.read(65536))
    await writer.drain()
    out.close()


async def test_no_variable_no_trial():
    async with serving("html") as server:
        trial = await fact(server.url, ProxyTrial)
    assert (trial.variable, trial.through_ok, trial.direct_ok) == ("", None, True)


async def test_a_proxy_that_works_is_no_fault(monkeypatch):
    async with serving("html") as server, serving(relay) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        trial = await fact(server.url, ProxyTrial)
    assert (trial.variable, trial.direct_ok, trial.through_ok) == ("HTTP_PROXY", True, True)


@pytest.mark.parametrize("behaviour", ["bad-gateway", "reset", "html"])
async def test_a_proxy_that_answers_for_itself_is_seen(monkeypatch, behaviour):
    async with serving("openai") as server, serving(behaviour) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//me:hunter2@"))
        trial = await fact(server.url, ProxyTrial)
    assert (trial.variable, trial.direct_ok, trial.through_ok) == ("http_proxy", True, False)
    assert trial.detail
    assert "hunter2" not in str(trial)


async def test_the_key_does_not_travel_through_the_proxy(monkeypatch):
    heads: list[bytes] = []

    async def listening(reader: Reader, writer: Writer) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(http(502, b""))
        await writer.drain()

    async with serving("openai") as server, serving(listening) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        await fact(server.url, ProxyTrial)
    assert heads
    assert b"secret" not in heads[0]


@pytest.mark.parametrize(
    ("variables", "url", "applies"),
    [
        ({"HTTP_PROXY": "http://p:1"}, "http://127.0.0.1:1", True),
        ({"HTTPS_PROXY": "http://p:1"}, "http://127.0.0.1:1", False),
        ({"HTTP_PROXY": "p:1", "NO_PROXY": "localhost"}, "http://127.0.0.1:1", True),
        ({"HTTP_PROXY": "p:1", "NO_PROXY": "localhost, 127.0.0.1"}, "http://127.0.0.1:1", False),
        ({"HTTP_PROXY": "p:1", "NO_PROXY": "*"}, "http://127.0.0.1:1", False),
        ({"HTTP_PROXY": "p:1", "NO_PROXY": "::1"}, "http://[::1]:1", False),
        ({"ALL_PROXY": "http://p:1"}, "http://localhost:1", True),
    ],
)
def test_proxy_rules_are_those_of_python_clients(monkeypatch, variables, url, applies):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert bool(proxy_for(url)[0]) is applies
