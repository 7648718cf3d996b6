"""P13: the steady rate at which tokens come, and a text long enough to look for degeneration."""

from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.pace import STOP_AFTER_S, decode_rate, shortened
from doctor.context import Context
from doctor.degeneration import degeneration
from doctor.errors import Skip
from doctor.facts import DecodeSpeed, Exchange

MESSAGES = [{"role": "user", "content": "Write about a river in plain sentences."}]
MAX_TOKENS = 96
# Sampling that reasoning and chat model cards recommend; a loop that it breaks comes from greedy decoding.
RECOMMENDED = {"temperature": 0.6, "top_p": 0.95, "top_k": 20}


async def collect_decode_speed(context: Context) -> DecodeSpeed:
    """Tokens per second of a streamed text. Raises Skip when too few tokens came to tell."""
    await ready(context)
    limit = await shortened(context, MAX_TOKENS)
    answer = await ask(context, "P13", MESSAGES, max_tokens=limit, stream=True, stop_after_s=STOP_AFTER_S)
    if not answer.ok:
        raise Skip(f"the server refused to write a text ({answer.error})")
    rate = decode_rate(answer)
    if rate is None:
        raise Skip("too few tokens came to measure the decode rate")
    tok_s, tokens, source = rate
    sampled: Exchange | None = None
    if degeneration(answer.text).kind == "phrase-loop":
        sampled = await ask(
            context,
            "P13 sampled",
            MESSAGES,
            max_tokens=limit,
            stream=True,
            stop_after_s=STOP_AFTER_S,
            extra=RECOMMENDED,
        )
    return DecodeSpeed(
        exchange=answer,
        tok_s=tok_s,
        tokens=tokens,
        source=source,
        draft_tokens=answer.draft_tokens,
        draft_accepted=answer.draft_accepted,
        sampled=sampled,
    )
