"""An MLX server keeps its memory bounded.

What: the RAM that mlx_lm.server holds beyond its model and the cache of one conversation.

Why: it keeps the caches of the last ten prompts without a limit in bytes. Long prompts make that tens of GiB in some
hours; then the server ends, or the Mac does.

How: the resident size of the process against the model's weights and 32768 tokens of cache, in RAM of this machine.

Limits: one look cannot tell growth from a large load: only what nothing but kept caches explains counts. The model's
folder must be readable.
"""

from doctor.api import (
    Context,
    Depth,
    Footprint,
    Identity,
    Memory,
    ServerProcess,
    Skip,
    Symptom,
    Verdict,
    computed,
    mib,
    percent,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
GROWN = Symptom(id="mlx-cache-grown", title="The MLX server holds far more memory than its model needs")

CONVERSATION_TOKENS = 32_768
# The program itself, MLX's pool of buffers for reuse and the buffers of a long prompt. [judgement]
OTHER_BYTES = 4 << 30
SHARE = 0.15  # of the RAM: less does no harm [judgement]


async def check(context: Context) -> Verdict:
    """Resident size against what the model explains."""
    if (await context.fact(Identity)).runtime != "mlx-lm":
        raise Skip("the server is not mlx_lm.server")
    server, found = await context.fact(ServerProcess), await context.fact(Footprint)
    if server.tunnel or server.rss_bytes is None:
        raise Skip("the memory of the server's process cannot be read from here")
    total = (await context.fact(Memory)).total_bytes
    explained = found.weights_bytes + found.bytes_per_token * CONVERSATION_TOKENS + OTHER_BYTES
    held = reported("RAM of the server", server.rss_bytes, "bytes", "operating system")
    model = computed("model, one long conversation and buffers", explained, "bytes", "model's files")
    limit = server.option_anywhere("--prompt-cache-size", "--prompt-cache-bytes")
    given = reported("limit of kept prompts", limit or "none in bytes, 10 prompts", "", "server options")
    beyond = server.rss_bytes - explained
    if beyond < total * SHARE:
        return verdict(measured=[held, model, given])
    text = f"the server holds {mib(server.rss_bytes)} of RAM, {percent(server.rss_bytes / total)} of the machine, and "
    text += f"{mib(explained)} would be enough for the model and a long conversation"
    return verdict(seen(GROWN, "RAM", text, held, model, given))
