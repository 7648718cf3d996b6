"""Whether the server answers a plain request: any HTTP answer after it was asked, and the status of its model list."""

import asyncio

from doctor.context import Context
from doctor.errors import Trouble
from doctor.facts import ApiAnswer, Identity, StillThere

PAUSE_S = 1.0  # an overloaded server may miss one request
TRIES = 2


async def collect_still_there(context: Context) -> StillThere:
    """Two tries at most, after this run's own requests are done."""
    path = await models_path(context)
    route = f"GET {path}"
    async with context.model_lock:
        for tried in range(TRIES):
            try:
                answer = await context.http.get(path)
            except Trouble as error:
                detail = str(error)
            else:
                return StillThere(answers=True, detail=f"HTTP {answer.status}", route=route)
            if tried + 1 < TRIES:
                await asyncio.sleep(PAUSE_S)
    return StillThere(answers=False, detail=detail, route=route)


async def collect_api_answer(context: Context) -> ApiAnswer:
    """One request. Raises Unreachable, TooLate or Malformed when no answer comes."""
    path = await models_path(context)
    return ApiAnswer(status=(await context.http.get(path)).status, route=f"GET {path}")


async def models_path(context: Context) -> str:
    """Where the OpenAI route lists models; the root where there is no such route."""
    identity = await context.fact(Identity)
    return identity.openai_url.removeprefix(identity.base_url) + "/models" if identity.openai_url else "/"
