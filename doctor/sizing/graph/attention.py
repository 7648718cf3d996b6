"""Queries, keys and values, and attention over a cache or within a batch.

Follows `build_qkv`, `build_attn` and `build_attn_mha` in llama.cpp `src/llama-graph.cpp`, and `cpy_k` and `get_k` in
`src/llama-kv-cache.cpp` (b10566). Views of a cache take no place and are left out.
"""

import math

from doctor.sizing.graph.parts import linear
from doctor.sizing.graph.plan import Cache, Plan
from doctor.sizing.graph.tensor import (
    Tensor,
    cached,
    cont,
    like,
    make,
    mul_mat,
    permute,
    reshape,
    set_rows,
    transpose,
    view,
)
from doctor.sizing.settings import KV_TYPES


def projections(plan: Plan, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values of all heads: three matrices, or views of what one makes."""
    layer = plan.layer
    parts = ((layer.k_length, layer.heads), (layer.k_length, layer.kv_heads), (layer.v_length, layer.kv_heads))
    if plan.has("attn_qkv.weight"):
        whole = _clamped(plan, linear(plan, "attn_qkv", x))
        q, k, v = (view(whole, (length, heads, plan.tokens), (4 * length, whole.nb[1])) for length, heads in parts)
        return q, k, v
    made = [_clamped(plan, linear(plan, name, x)) for name in ("attn_q", "attn_k", "attn_v")]
    q, k, v = (reshape(each, *part, plan.tokens) for each, part in zip(made, parts, strict=True))
    return q, k, v


def _clamped(plan: Plan, x: Tensor) -> Tensor:
    if not plan.shape.says("attention.clamp_kqv"):
        return x
    return Tensor("CLAMP", x.kind, x.ne, [x], x.nb, x.root or x)


def attend(
    plan: Plan, q: Tensor, k: Tensor | None, v: Tensor | None, *, sinks: Tensor | None = None, output: bool = True
) -> Tensor:
    """Attention over the cache, into which keys and values go first; without them an earlier block's are read."""
    cache = plan.cache(plan.layer.reads)
    q = turned(q, cache.k_turn)
    k = turned(k, cache.k_turn) if k else None
    v = turned(v, cache.v_turn) if v else None
    for made in (q, k, v) if plan.shape.windowed else (q, v, k):
        if made:
            plan.graph.expand(made)
    if k:
        plan.graph.expand(set_rows(cache_of(plan, k.ne[0] * k.ne[1], cache), rows(k), cache.k_places))
    if v:
        plan.graph.expand(_write_values(plan, v, cache))
    keys, values = _read(plan, cache)
    found = turned(mix(plan, q, keys, values, cache.mask, sinks=sinks), cache.v_turn)
    return linear(plan, "attn_output", found) if output else found


def attend_within(plan: Plan, q: Tensor, k: Tensor, v: Tensor, *, output: bool = True) -> Tensor:
    """Attention within the batch, without a cache: models that make embeddings."""
    mask = plan.input("mask-" + plan.layer.reads, "f16" if plan.flash else "f32", plan.tokens, plan.tokens)
    for made in (q, k, v):
        plan.graph.expand(made)
    values = permute(v, 0, 2, 1, 3)
    values = values if plan.flash else cont(transpose(values))
    found = mix(plan, q, permute(k, 0, 2, 1, 3), values, mask)
    return linear(plan, "attn_output", found) if output else found


def _read(plan: Plan, cache: Cache) -> tuple[Tensor, Tensor]:
    """All keys and values of the cache, as attention looks at them: values transposed where they are stored so."""
    layer, home = plan.layer, plan.cache_home
    heads = layer.kv_heads
    keys = _kept(home, plan.settings.kv_type_k, layer.k_length, cache.cells, heads, plan.streams)
    shape = (layer.v_length, cache.cells) if plan.flash else (cache.cells, layer.v_length)
    return keys, _kept(home, plan.settings.kv_type_v, *shape, heads, plan.streams)


def compressed(plan: Plan, cache: Cache) -> tuple[Tensor, Tensor]:
    """Compressed keys, and the part of them that is read as values."""
    keys = _kept(plan.home, plan.settings.kv_type_k, plan.layer.k_length, cache.cells, 1, plan.streams)
    values = view(keys, (plan.layer.v_length, *keys.ne[1:]), keys.nb[1:])
    return keys, values if plan.flash else cont(transpose(values))


def _kept(home: int, kv_type: str, *ne: int) -> Tensor:
    """A cache of some type: all but 32-bit ones are read as they are."""
    made = cached(home, "f32" if kv_type == "f32" else "f16", *ne)
    made.bytes = int(math.prod(ne) * KV_TYPES[kv_type])
    return made


def cache_of(plan: Plan, width: int, cache: Cache) -> Tensor:
    """The cache as rows of this width, all streams one after the other."""
    return cached(plan.home, "f16", width, cache.cells * plan.streams)


def rows(x: Tensor) -> Tensor:
    """All heads of a token as one row."""
    return view(x, (x.ne[0] * x.ne[1], x.ne[2]), (x.nb[2],))


def _write_values(plan: Plan, v: Tensor, cache: Cache) -> Tensor:
    """Values into the cache: by rows, or element by element where it is transposed."""
    width = v.ne[0] * v.ne[1]
    if plan.flash:
        return set_rows(cache_of(plan, width, cache), rows(v), cache.v_places)
    flat = reshape(v, width, plan.tokens) if v.nb[2] == v.nb[0] * width else cont(v, width, plan.tokens)
    widest = plan.shape.v_width_most
    if width < widest:
        flat = make("PAD", "f32", (widest, plan.tokens), flat)
    return set_rows(cache_of(plan, 1, cache), reshape(flat, 1, widest * plan.tokens), cache.v_places)


def turned(x: Tensor, by: Tensor | None) -> Tensor:
    """Multiplied by a rotation where the cache is quantised."""
    if by is None:
        return x
    size = by.ne[0]
    count = x.ne[0] * x.ne[1] * x.ne[2] * x.ne[3] // size
    flat = reshape(x, size, count) if x.contiguous else cont(x, size, count)
    return reshape(mul_mat(by, flat), *x.ne)


def mix(
    plan: Plan,
    q: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor,
    sinks: Tensor | None = None,
    decompress: Tensor | None = None,
) -> Tensor:
    """Values weighted by how well keys meet queries. Keys come as [length, cells, heads, streams].

    Values as well with flash attention, [cells, length, heads, streams] without. `decompress`: the matrix that makes
    values of compressed ones.
    """
    streams = keys.ne[3]
    count = q.ne[2] // streams
    q = view(q, (q.ne[0], q.ne[1], count, streams), (q.nb[1], q.nb[2], q.nb[2] * count))
    q = permute(q, 0, 2, 1, 3)
    if plan.flash:
        found = _flash(q, _half(keys), _half(values), mask, sinks, decompress)
    else:
        scores = mul_mat(keys, q)
        if plan.family.scores_capped:
            scores = like("SCALE", like("UNARY", like("SCALE", scores)))
        scores = like("SOFT_MAX", scores, mask, sinks)
        found = mul_mat(values, scores)
        if decompress:
            found = mul_mat(decompress, found)
        found = permute(found, 0, 2, 1, 3)
        found = cont(found, found.ne[0] * found.ne[1], found.ne[2] * found.ne[3])
    plan.graph.expand(found)
    return found


def _flash(
    q: Tensor, keys: Tensor, values: Tensor, mask: Tensor, sinks: Tensor | None, decompress: Tensor | None
) -> Tensor:
    found = make("FLASH_ATTN_EXT", "f32", (values.ne[0], q.ne[2], q.ne[1], q.ne[3]), q, keys, values, mask, sinks)
    if decompress:
        found = cont(permute(mul_mat(decompress, permute(found, 0, 2, 1, 3)), 0, 2, 1, 3))
    return reshape(found, found.ne[0] * found.ne[1], found.ne[2] * found.ne[3])


def _half(x: Tensor) -> Tensor:
    """Flash attention reads 32-bit keys and values as half-precision copies."""
    if x.kind != "f32":
        return x
    made = make("CPY", "f16", x.ne, x)
    made.sources.append(made)  # the engine's cast names itself as its target
    return made
