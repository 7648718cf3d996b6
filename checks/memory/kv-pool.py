"""vLLM's pool of KV cache is large enough for its requests.

What: how many tokens the pool holds against the window of one request, and whether it is full now.

Why: what the weights leave of the GPU's memory is the pool. When it is full, vLLM throws out the cache of a request at
work and computes it again later, or lets new requests wait: every answer slows down, without an error.

How: the metrics of vLLM, read twice while requests are at work. A request thrown out between the readings, or a full
pool with requests waiting at both, counts; so does a pool smaller than one window.

Limits: an idle server shows only the size. A server that refused to start because of this says so in its log alone.
"""

from doctor.api import CachePool, Context, Depth, Skip, Symptom, Verdict, percent, probed, reported, seen, verdict

DEPTH = Depth.PASSIVE
FULL = Symptom(id="kv-pool-full", title="The pool of KV cache is full and slows requests down")
SMALL = Symptom(id="kv-pool-below-window", title="The pool of KV cache holds less than one request may use")

FULL_SHARE = 0.95


async def check(context: Context) -> Verdict:
    """Size and use of the pool."""
    pool = await context.fact(CachePool)
    if not pool.window:
        raise Skip("the server does not say how large its window is")
    size = reported("tokens in the pool", pool.tokens, "tokens", pool.source)
    window = reported("window of one request", pool.window, "tokens", "GET /v1/models")
    use = probed("pool in use", round(pool.usage, 3), "share", f"{pool.source}, {pool.seconds:.0f} s apart")
    thrown = probed("requests thrown out meanwhile", pool.preempted, "", pool.source)
    measured = [size, window, use, thrown]
    room = f"{pool.tokens} tokens of cache, {pool.tokens / pool.window:.1f} windows of {pool.window}"
    if pool.tokens < pool.window:
        return verdict(seen(SMALL, "KV cache", f"the pool has room for {room}", size, window), measured=measured)
    full = pool.usage >= FULL_SHARE and pool.waiting > 0 and pool.seconds > 0
    if not full and not pool.preempted:
        return verdict(measured=measured)
    what = f"{pool.preempted} thrown out in {pool.seconds:.0f} s" if pool.preempted else f"{pool.waiting} wait"
    text = f"{percent(pool.usage)} of {room} is in use by {pool.running} requests, {what}"
    return verdict(seen(FULL, "KV cache", text, *measured), measured=measured)
