"""Judging who answers, on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Elsewhere, Found, Identity
from tests.given import run_check, symptoms


def who(**more) -> Identity:
    values = {"runtime": "ollama", "state": "ready", "name": "Ollama", "version": "0.32", "signature": "root text"}
    values |= {"base_url": "http://h:1", "openai_url": "http://h:1/v1"}
    return Identity(**(values | more))


@pytest.mark.parametrize("works", [True, None])
async def test_a_known_server_passes_with_its_name(works):
    verdict = await run_check("identity", [who(given_path_works=works)])
    assert symptoms(verdict) == []
    assert verdict.evidence[0].value == "Ollama 0.32"


async def test_a_path_that_gives_404_is_seen_with_the_one_that_works():
    verdict = await run_check("identity", [who(given_path="/foo", given_path_works=False)], url="http://h:1/foo")
    assert symptoms(verdict) == ["wrong-path"]
    assert "http://h:1/v1 works" in verdict.findings[0].summary


async def test_another_program_is_quoted_without_control_characters():
    foreign = who(runtime="", state="foreign", name="", answer="<html>\x1b[2J\nhello")
    verdict = await run_check("identity", [foreign])
    assert symptoms(verdict) == ["not-a-model-server"]
    assert verdict.findings[0].summary.endswith("<html> hello")


async def test_the_right_server_is_named_when_another_program_answers():
    foreign = who(runtime="", state="foreign", name="", answer="hello")
    other = Elsewhere(found=(Found(url="http://127.0.0.1:1234", runtime="lmstudio"),))
    verdict = await run_check("identity", [foreign, other])
    assert "lmstudio answers at http://127.0.0.1:1234" in verdict.findings[0].summary


async def test_a_front_is_called_by_its_name():
    verdict = await run_check("identity", [who(runtime="", state="foreign", name="Open WebUI")])
    assert verdict.findings[0].summary.startswith("Open WebUI answers")


@pytest.mark.parametrize("state", ["locked", "busy", "broken"])
async def test_a_server_that_does_not_show_itself_is_not_judged(state):
    with pytest.raises(Skip):
        await run_check("identity", [who(runtime="", state=state)])
