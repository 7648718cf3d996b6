"""P28, deep: one short answer, then two and four at the same time. The only probe that asks more than one at once."""

import asyncio
import time
from typing import Any

import msgspec

from doctor.collect.probes.ask import SAMPLING, afford, ready, who
from doctor.collect.probes.pace import scorable
from doctor.collect.probes.wire import CHAT, Question, send
from doctor.context import Context
from doctor.errors import Skip, TooLate, Trouble
from doctor.facts import Exchange, Identity, Models, ParallelRequests, Slots
from doctor.model import Depth
from doctor.runtimes import adapter

AT_ONCE = (2, 4)
MAX_TOKENS = 16
DEADLINE_S = 90.0
TOPICS = ("a river", "a mountain", "a market", "a harbour")


async def collect_parallel_requests(context: Context) -> ParallelRequests:
    """Seconds for one, two and four. Raises Skip below depth deep and when one alone is refused."""
    if context.depth is not Depth.DEEP:
        raise Skip("needs depth deep")
    await ready(context)
    await scorable(context)
    identity, models = await who(context)
    if not identity.openai_url:
        raise Skip("this server has no route for chat requests in the OpenAI format")
    async with context.model_lock:
        alone, one_s = await together(context, identity, models, 1)
        if not alone[0].ok:
            raise Skip(f"a single request was refused ({alone[0].error})")
        seconds: dict[int, float] = {}
        refused: list[str] = []
        for number in AT_ONCE:
            answers, seconds[number] = await together(context, identity, models, number)
            refused += [f"HTTP {answer.status}: {answer.error}" for answer in answers if not answer.ok]
    return ParallelRequests(
        one_s=one_s,
        seconds=seconds,
        refused=tuple(refused),
        tokens=MAX_TOKENS,
        slots=await slots(context),
    )


async def together(context: Context, identity: Identity, models: Models, number: int) -> tuple[list[Exchange], float]:
    """So many answers asked for at once, and the seconds until the last has come; a broken one has the status 0."""
    if context.budget:
        for _ in range(number):
            afford(context.budget, MAX_TOKENS, DEADLINE_S)
            context.budget.output_tokens_left -= MAX_TOKENS
    began = time.perf_counter()
    try:
        async with asyncio.timeout(DEADLINE_S):
            asked = (one(context, question(identity, models, topic)) for topic in TOPICS[:number])
            return list(await asyncio.gather(*asked)), time.perf_counter() - began
    except TimeoutError:
        raise TooLate(f"{number} short answers took over {DEADLINE_S:.0f} s") from None


async def one(context: Context, asked: Question) -> Exchange:
    """One of them."""
    try:
        return await send(context, asked)
    except Trouble as error:
        return msgspec.structs.replace(asked.base, status=0, error=str(error))


def question(identity: Identity, models: Models, topic: str) -> Question:
    """A request for sixteen tokens of prose."""
    messages = [{"role": "user", "content": f"Write about {topic} in plain sentences."}]
    body: dict[str, Any] = {"model": models.chosen, "messages": messages, "max_tokens": MAX_TOKENS, **SAMPLING}
    body |= adapter(identity).request_options(False)
    route = f"POST {identity.openai_url.removeprefix(identity.base_url)}{CHAT}"
    base = Exchange(purpose="P28", status=200, max_tokens=MAX_TOKENS, route=route)
    return Question(url=identity.openai_url, body=body, base=base)


async def slots(context: Context) -> int | None:
    """Slots of the server, None where it does not say."""
    try:
        return (await context.fact(Slots)).total
    except Skip:
        return None
