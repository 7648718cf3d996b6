"""How fast the model generates, as far as earlier answers show it: slow servers are asked for less."""

from doctor.context import Context
from doctor.degeneration import degeneration
from doctor.errors import Skip
from doctor.facts import Echo, Exchange

SLOW_TOK_S = 5.0  # below this the quick set asks for a third of the tokens (probe rules, adaptive rule 3)
STOP_AFTER_S = 8.0  # a stream is closed after this, whatever has come by then
MIN_TOKENS = 3  # fewer tokens measure the clock, not the model


def decode_rate(exchange: Exchange) -> tuple[float, int, str] | None:
    """Tokens per second, the number of tokens it rests on, and the source; None when it cannot be told.

    From the stream: (tokens - 1) / (last - first piece). Without a reported count the pieces are counted, which is
    too few where a piece holds several tokens.
    """
    tokens = exchange.completion_tokens if exchange.completion_tokens is not None else exchange.chunks
    if exchange.decode_tok_s and tokens >= MIN_TOKENS:
        return exchange.decode_tok_s, tokens, "server timings"
    first_s, last_s = exchange.first_token_s, exchange.last_token_s
    if first_s is None or last_s is None or last_s <= first_s or tokens < MIN_TOKENS:
        return None
    return (tokens - 1) / (last_s - first_s), tokens, "stream"


async def measured_tok_s(context: Context) -> float | None:
    """The rate of the echo, the first longer answer of a run; None when there is none."""
    try:
        echo = await context.fact(Echo)
    except Skip:
        return None
    rate = decode_rate(echo.exchange)
    return rate[0] if rate else None


async def shortened(context: Context, max_tokens: int) -> int:
    """A third of `max_tokens` on a slow server."""
    rate = await measured_tok_s(context)
    return max_tokens // 3 if rate is not None and rate < SLOW_TOK_S else max_tokens


async def scorable(context: Context) -> None:
    """Raises Skip when plain text is already garbage: what it says cannot be scored, and asking costs time."""
    try:
        echo = await context.fact(Echo)
    except Skip:
        return
    kind = degeneration(echo.exchange.text).kind
    if kind:
        raise Skip(f"the model's plain text is already degenerate ({kind}), so its answers cannot be scored")
