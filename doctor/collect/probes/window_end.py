"""Deep: an answer that does not fit into what the prompt left of the window: the server ends it, or goes on."""

from doctor.collect.probes.accounting import MAX_WINDOW_FOR_OVER_LENGTH, lockers_and_scale, window_of
from doctor.collect.probes.ask import ask, ready, who
from doctor.collect.probes.pace import scorable
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import WindowEnd
from doctor.model import Depth

LEFT_TOKENS = 48
WANTED_TOKENS = 160
QUESTION = "\n\nWrite about a river in plain sentences, at least two hundred words."
# Servers that take a field which keeps the answer from ending by itself.
IGNORES_END = {"llama.cpp": {"ignore_eos": True}, "vllm": {"ignore_eos": True}}


async def collect_window_end(context: Context) -> WindowEnd:
    """The answer. Raises Skip below depth deep, without a known window, and where the answer ended by itself."""
    if context.depth is not Depth.DEEP:
        raise Skip("needs depth deep")
    await ready(context)
    await scorable(context)
    window = await window_of(context)
    if window is None or window > MAX_WINDOW_FOR_OVER_LENGTH:
        raise Skip("the window is not known" if window is None else f"filling {window} tokens would take too long")
    identity, _ = await who(context)
    lockers, scale = await lockers_and_scale(context)
    blocks = scale.blocks(window - LEFT_TOKENS)
    more = int((window - LEFT_TOKENS - scale.tokens(blocks)) / (scale.per_block / len(scale.block)))
    filler = lockers.text(blocks).prompt.partition("\n\n")[0]
    text = " ".join([filler, *scale.block[: max(0, more)]]) + QUESTION
    answer = await ask(
        context,
        "window end",
        [{"role": "user", "content": text}],
        max_tokens=WANTED_TOKENS,
        stream=True,
        stop_after_s=60.0,
        extra=IGNORES_END.get(identity.runtime),
    )
    if not answer.ok:
        raise Skip(f"a prompt that nearly fills the window was refused ({answer.error})")
    if answer.prompt_tokens is None or answer.completion_tokens is None:
        raise Skip("the server does not count the tokens of the answer")
    return WindowEnd(exchange=answer, prompt_tokens=answer.prompt_tokens, window=window)
