"""P18: questions that need a tool call, and some that need none."""

import contextlib
import random
import string
from collections.abc import Iterable

import msgspec

from doctor.collect.probes.ask import ask, can_switch_thinking, who
from doctor.collect.probes.model_size import is_small, parameters
from doctor.collect.probes.pace import SLOW_TOK_S, measured_tok_s, scorable
from doctor.collect.probes.tool_items import DEEP, GOODBYE, GOODBYES, MULTIPLE, PARALLEL, QUICK, SIMPLE, Item
from doctor.collect.probes.tool_trial import ALLOWANCE, claims_tools, trial, why_no_tools
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Exchange, ToolAnswer, ToolTrial
from doctor.model import Depth

Trials = list[ToolTrial]


async def collect_tool_answer(context: Context) -> ToolAnswer:
    """Ask the items of the run's depth. A refusal of the first one is the only trial of the answer.

    Raises Skip where the server says that this model or template takes no tools.
    """
    reason = await why_no_tools(context)
    if reason:
        raise Skip(reason)
    trials = [await trial(context, SIMPLE)]
    counted: tuple[Exchange, Exchange] | None = None
    # Garbage is not scored, but a call that stays in the text is a sign of its own: one question shows it.
    if trials[0].exchange.ok and await can_score(context):
        await ask_items(context, trials)
        if not any(each.called for each in trials):
            counted = await with_and_without(context)
    offered, bare = counted or (None, None)
    return ToolAnswer(
        trials=tuple(trials),
        bare=bare,
        offered=offered,
        claims_tools=await claims_tools(context),
        small_model=await is_small(context),
        parameters=await parameters(context),
    )


async def can_score(context: Context) -> bool:
    """Whether plain text is sane, so that what an answer says can be judged."""
    try:
        await scorable(context)
    except Skip:
        return False
    return True


async def ask_items(context: Context, trials: Trials) -> None:
    """Everything after the first item. What the budget does not allow is left out; what was asked is kept."""
    deep = context.depth is Depth.DEEP
    # A thought that cannot be switched off gets room where there is time for it.
    allowance = ALLOWANCE if deep and trials[0].eaten else 0
    plan = [*([SIMPLE] if allowance else []), *await items(context)]
    await add(context, trials, plan, allowance=allowance)
    if trials[-1].item == GOODBYE.id and trials[-1].called:
        await add(context, trials, GOODBYES, allowance=allowance)
    if deep:
        await add(context, trials, paraphrases(trials), allowance=allowance)
        if await can_switch_thinking(context):
            await add(context, trials, [SIMPLE], thinking=True, allowance=ALLOWANCE)


async def items(context: Context) -> tuple[Item, ...]:
    """What is asked after the first item; a slow server is asked less, the goodbye comes last."""
    if context.depth is Depth.DEEP:
        return (*DEEP[1:], GOODBYE)
    rate = await measured_tok_s(context)
    return (PARALLEL, GOODBYE) if rate is not None and rate < SLOW_TOK_S else (*QUICK[1:], GOODBYE)


def paraphrases(trials: Trials) -> list[Item]:
    """Missed items in two other wordings each: two of three decide."""
    failed = {each.item for each in trials if each.semantic_ok is False}
    return [
        msgspec.structs.replace(item, id=item.id + letter, text=text)
        for item in DEEP
        if item.id in failed
        for letter, text in zip("bc", item.paraphrases, strict=True)
    ]


async def add(
    context: Context,
    trials: Trials,
    plan: Iterable[Item],
    *,
    allowance: int = 0,
    thinking: bool = False,
) -> None:
    """Ask the items one after the other, until the budget is spent; Ollama one of them on its own route."""
    identity, _ = await who(context)
    with contextlib.suppress(Skip):
        for item in plan:
            native = identity.runtime == "ollama" and item is MULTIPLE
            trials.append(await trial(context, item, native=native, allowance=allowance, thinking=thinking))


async def with_and_without(context: Context) -> tuple[Exchange, Exchange] | None:
    """The same new text with the first item's tool and without: shows what the tool adds to the prompt's tokens.

    A nonce stands at the head, because some servers count only what is not in their cache.
    """
    nonce = "".join(random.SystemRandom().choices(string.ascii_lowercase, k=8))
    messages = [{"role": "user", "content": f"[{nonce}] {SIMPLE.text}"}]
    with contextlib.suppress(Skip):
        offered = await ask(context, "tools: one offered", messages, max_tokens=1, tools=list(SIMPLE.tools))
        return offered, await ask(context, "tools: none offered", messages, max_tokens=32)
    return None
