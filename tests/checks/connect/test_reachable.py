"""Judging attempts to connect, on given facts."""

import pytest

from doctor.facts import Elsewhere, Found, Reach, System, Tried
from doctor.model import Severity
from tests.given import run_check, symptoms


def reach(state: str, host: str = "127.0.0.1", tried: str = "", **more) -> Reach:
    attempts = (Tried(address=host, port=8080, state=tried or state),) if state != "no-such-name" else ()
    return Reach(url=f"http://{host}:8080", host=host, port=8080, state=state, tried=attempts, **more)


async def test_an_answer_passes_and_says_what_was_measured():
    verdict = await run_check("reachable", [reach("open", http_status=404)])
    assert symptoms(verdict) == []
    assert [e.value for e in verdict.evidence] == ["open", 404]


@pytest.mark.parametrize("state", ["refused", "timeout", "broken", "reset"])
async def test_no_connection_and_nothing_elsewhere_is_down(state):
    verdict = await run_check("reachable", [reach(state), Elsewhere(looked_at=("127.0.0.1:1234",))])
    assert symptoms(verdict) == ["server-down"]
    assert verdict.findings[0].severity is Severity.CRITICAL
    assert "1 other ports" in verdict.findings[0].summary


async def test_a_server_on_another_port_is_elsewhere_and_not_down():
    other = Elsewhere(found=(Found(url="http://127.0.0.1:11434", runtime="ollama"),), looked_at=("x",))
    verdict = await run_check("reachable", [reach("refused"), other])
    assert symptoms(verdict) == ["runtime-elsewhere"]
    assert "ollama answers at http://127.0.0.1:11434" in verdict.findings[0].summary


async def test_a_server_that_answers_on_loopback_only_is_told_apart():
    other = Elsewhere(found=(Found(url="http://127.0.0.1:8080", runtime="ollama"),))
    verdict = await run_check("reachable", [reach("refused", host="192.168.1.5"), other])
    assert symptoms(verdict) == ["bound-to-loopback"]


async def test_a_remote_server_is_down_without_a_look_elsewhere():
    verdict = await run_check("reachable", [reach("timeout", host="192.168.1.9")])
    assert symptoms(verdict) == ["server-down"]


@pytest.mark.parametrize(
    ("fact", "symptom"),
    [
        (reach("silent", tried="open", detail="no complete answer within 5 s"), "server-silent"),
        (reach("reset", tried="open"), "server-silent"),
        (reach("no-such-name", host="nosuch"), "name-not-found"),
        (reach("tls", tried="open", detail="the port speaks TLS"), "tls-mismatch"),
        (reach("open", http_status=502), "server-down"),
    ],
)
async def test_each_state_has_its_symptom(fact, symptom):
    verdict = await run_check("reachable", [fact])
    assert symptoms(verdict) == [symptom]
    assert verdict.findings[0].evidence


async def test_inside_a_container_the_sentence_says_whose_localhost_it_is():
    facts = [reach("refused"), Elsewhere(), System(os="linux", container="docker")]
    verdict = await run_check("reachable", facts)
    assert "container itself" in verdict.findings[0].summary
