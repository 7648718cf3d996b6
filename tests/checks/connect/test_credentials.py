"""Judging the door, on given facts."""

import pytest

from doctor.context import Context, Target
from doctor.errors import Skip
from doctor.facts import Identity
from doctor.model import Depth
from tests.given import bundled, run_check, symptoms


def who(state: str, answer: str = "", **more) -> Identity:
    values = {"runtime": "vllm", "name": "vLLM", "signature": "GET /v1/models"}
    return Identity(state=state, answer=answer, **(values | more))


async def test_an_open_door_passes():
    verdict = await run_check("credentials", [who("ready")])
    assert symptoms(verdict) == []


async def test_no_key_given_is_a_key_needed():
    verdict = await run_check("credentials", [who("locked", '{"error":"Unauthorized"}')])
    assert symptoms(verdict) == ["key-needed"]
    assert "Unauthorized" in verdict.findings[0].summary


async def test_a_key_given_is_a_key_refused_and_never_shown():
    async def given(_: Context) -> Identity:
        return who("locked", "no")

    target = Target(url="http://h:1", api_key="hunter2")
    verdict = await bundled("credentials").run(Context(target, Depth.PASSIVE, {Identity: given}))
    assert symptoms(verdict) == ["key-refused"]
    assert "hunter2" not in repr(verdict)


async def test_a_refusal_that_names_a_cloud_service_comes_from_there():
    text = "Incorrect API key provided. You can find yours at https://platform.openai.com/account/api-keys."
    verdict = await run_check("credentials", [who("locked", text)])
    assert symptoms(verdict) == ["refusal-names-cloud"]


async def test_an_empty_403_is_about_the_host_name():
    verdict = await run_check("credentials", [who("locked", runtime="", name="", signature="HTTP 403")])
    assert symptoms(verdict) == ["host-name-refused"]


@pytest.mark.parametrize("state", ["foreign", "loading", "busy", "broken"])
async def test_other_states_are_not_judged(state):
    with pytest.raises(Skip):
        await run_check("credentials", [who(state)])
