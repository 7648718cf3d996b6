"""The api-path check on given facts, and the state of a server of which hardly anything could be evaluated."""

import pytest

from doctor.context import Target
from doctor.errors import Skip
from doctor.facts import ApiAnswer, Identity, Models
from doctor.model import State
from doctor.runner import RunPlan, run
from doctor.ward.wire import Reply, json_reply, listening
from tests.given import run_check, symptoms

LLAMA = Identity(runtime="llama.cpp", state="ready", name="llama.cpp server")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([LLAMA, Models(names=("m",))], []),
        ([LLAMA, ApiAnswer(status=404, route="GET /v1/models")], ["api-not-found"]),
    ],
)
async def test_an_api_under_another_path_is_found(facts: list, expected: list[str]) -> None:
    assert symptoms(await run_check("api-path", facts)) == expected


@pytest.mark.parametrize(
    "facts",
    [
        [LLAMA, ApiAnswer(status=401, route="GET /v1/models")],
        [LLAMA, ApiAnswer(status=200, route="GET /v1/models")],
        [Identity(runtime="", state="foreign")],
        [Identity(runtime="llama.cpp", state="loading")],
        [LLAMA],
    ],
)
async def test_other_reasons_are_not_judged(facts: list) -> None:
    with pytest.raises(Skip):
        await run_check("api-path", facts)


async def test_a_server_whose_models_cannot_be_read_is_never_healthy() -> None:
    """A façade that is recognised as llama.cpp and answers its model list with an error."""

    async def handle(request):
        if request.path == "/props":
            return json_reply({"default_generation_settings": {"n_ctx": 1}, "total_slots": 1, "build_info": "b1"})
        reply = json_reply({"error": {"message": "broken", "code": 500}}, 500)
        return Reply(status=500, headers={**reply.headers, "server": "llama.cpp"}, body=reply.body)

    async with listening(handle) as url:
        plan = RunPlan(targets=(Target(url=url),), only=("connect", "output", "context"))
        report = await run(plan, lambda _: None)
    assert report.state is not State.OK
    assert report.targets[0].state is not State.OK
