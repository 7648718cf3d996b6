"""RWKV 6 and 7: token shifts and a matrix-valued state.

Follows llama.cpp `src/models/rwkv6.cpp`, `rwkv7.cpp` and their bases (b10566).
"""

from doctor.sizing.graph.families import LAYER
from doctor.sizing.graph.parts import linear, norm
from doctor.sizing.graph.plan import Plan
from doctor.sizing.graph.recurrent import load, per_slot, save
from doctor.sizing.graph.tensor import (
    Tensor,
    concat,
    cont,
    get_rows,
    like,
    make,
    mul_mat,
    permute,
    reshape,
    view,
)


def rwkv_block(plan: Plan, x: Tensor) -> Tensor:
    """Time mixing, then channel mixing, each on what the token before left behind."""
    tokens, slots, width = per_slot(plan), plan.slots, plan.width
    x = reshape(x, width, tokens, slots)
    shift = reshape(load(plan, 2 * width), width, 2, slots)
    first, second = (view(shift, (width, 1, slots), shift.nb[1:3]) for _ in range(2))
    normed = norm(plan, x, "attn_norm", LAYER)
    before = _delayed(plan, first, normed)
    newer = plan.has("time_mix_a0.weight")
    mixed = _time_mix_7(plan, normed, before) if newer else _time_mix_6(plan, normed, before)
    middle = like("ADD", mixed, x)
    inner = norm(plan, middle, "attn_norm_2", LAYER)
    before = _delayed(plan, second, inner)
    ends = [view(t, (width, 1, slots), t.nb[1:3]) for t in (normed, inner)]
    shift = concat(ends[0], ends[1], 1)
    save(plan, view(shift, (2 * width * slots,)), 2 * width)
    middle, inner, before = (reshape(t, width, plan.tokens) for t in (middle, inner, before))
    if plan.last:
        middle, inner, before = (get_rows(t, plan.output_rows()) for t in (middle, inner, before))
    y = like("ADD", _channel_mix(plan, inner, before), middle)
    every = plan.shape.number("rescale_every_n_layers")
    return like("SCALE", y) if every and (plan.number + 1) % every == 0 else y


def _delayed(plan: Plan, kept: Tensor, x: Tensor) -> Tensor:
    """Each token's predecessor: the last one of the batch before, then those of this batch."""
    return concat(kept, view(x, (plan.width, per_slot(plan) - 1, plan.slots), x.nb[1:3]), 1)


def _channel_mix(plan: Plan, x: Tensor, before: Tensor) -> Tensor:
    change = like("SUB", before, x)
    k = like("ADD", like("MUL", change, plan.weight("channel_mix_lerp_k.weight")), x)
    if not plan.has("channel_mix_receptance.weight"):
        return linear(plan, "channel_mix_value", like("SQR", like("UNARY", linear(plan, "channel_mix_key", k))))
    r = like("ADD", like("MUL", change, plan.weight("channel_mix_lerp_r.weight")), x)
    r = like("UNARY", linear(plan, "channel_mix_receptance", r))
    k = like("SQR", like("UNARY", linear(plan, "channel_mix_key", k)))
    return like("MUL", r, linear(plan, "channel_mix_value", k))


def _finish(plan: Plan, made: Tensor, size: int) -> Tensor:
    """Results of the recurrence, normed by heads; the new states are saved."""
    width, tokens, heads = plan.width, plan.tokens, plan.width // plan.shape.number("wkv.head_size")
    y = view(made, (width * tokens,))
    save(plan, view(made, (size * plan.slots,)), size)
    if not plan.has("time_mix_ln.weight"):
        return reshape(y, width, tokens)
    y = reshape(like("NORM", reshape(y, width // heads, heads, tokens)), width, tokens)
    return like("ADD", like("MUL", y, plan.weight("time_mix_ln.weight")), plan.weight("time_mix_ln.bias"))


def _time_mix_6(plan: Plan, x: Tensor, before: Tensor) -> Tensor:
    width, tokens, length = plan.width, plan.tokens, plan.shape.number("wkv.head_size")
    heads = width // length
    change = reshape(like("SUB", before, x), width, tokens)
    x = reshape(x, width, tokens)
    parts = _mixed_6(plan, x, change)
    r, k, v = (linear(plan, f"time_mix_{name}", parts[i]) for name, i in (("receptance", 3), ("key", 1), ("value", 2)))
    g = like("UNARY", linear(plan, "time_mix_gate", parts[4]))
    k, v, r = (reshape(t, length, heads, tokens) for t in (k, v, r))
    decay = mul_mat(plan.weight("time_mix_decay_w1.weight"), parts[0])
    decay = mul_mat(plan.weight("time_mix_decay_w2.weight"), like("UNARY", decay))
    decay = like("ADD", decay, plan.weight("time_mix_decay.weight"))
    decay = like("UNARY", like("UNARY", like("UNARY", decay)))
    decay = reshape(decay, length, heads, tokens)
    size = width * length
    state, first = load(plan, size), plan.weight("time_mix_first.weight")
    made = make("RWKV_WKV6", "f32", (width, tokens + length * plan.slots), k, v, r, first, decay, state)
    y = like("MUL", _finish(plan, made, size), g)
    return reshape(linear(plan, "time_mix_output", y), width, per_slot(plan), plan.slots)


def _mixed_6(plan: Plan, x: Tensor, change: Tensor) -> list[Tensor]:
    """Five blends of each token with its predecessor."""
    width, tokens = plan.width, plan.tokens
    blend = like("ADD", like("MUL", change, plan.weight("time_mix_lerp_x.weight")), x)
    first, second = plan.weight("time_mix_w1.weight"), plan.weight("time_mix_w2.weight")
    low = reshape(like("UNARY", mul_mat(first, blend)), first.ne[1] // 5, 1, 5, tokens)
    low = cont(permute(low, 0, 1, 3, 2))
    blend = mul_mat(reshape(second, second.ne[0], second.ne[1], 1, 5), low)
    if not plan.has("time_mix_lerp_fused.weight"):
        names = [f"time_mix_lerp_{part}.weight" for part in "wkvrg"]
        views = [view(blend, (width, tokens), (blend.nb[1],)) for _ in names]
        added = [like("ADD", t, plan.weight(name)) for t, name in zip(views, names, strict=True)]
        return [like("ADD", like("MUL", t, change), x) for t in added]
    change, x = reshape(change, width, 1, tokens), reshape(x, width, 1, tokens)
    blend = like("ADD", blend, plan.weight("time_mix_lerp_fused.weight"))
    blend = like("ADD", like("MUL", blend, change), x)
    return [view(blend, (width, tokens), (blend.nb[1],)) for _ in range(5)]


def _time_mix_7(plan: Plan, x: Tensor, before: Tensor) -> Tensor:
    width, tokens, length = plan.width, plan.tokens, plan.shape.number("wkv.head_size")
    heads, gated = width // length, plan.has("time_mix_g1.weight")
    count = 6 if gated else 5
    change = make("REPEAT", "f32", (width, per_slot(plan), plan.slots, count), like("SUB", before, x))
    blend = like("ADD", like("MUL", change, plan.weight("time_mix_lerp_fused.weight")), x)
    parts = [view(blend, (width, tokens), (blend.nb[1],)) for _ in range(count)]
    r = linear(plan, "time_mix_receptance", parts[0])
    w = like("ADD", _low_rank(plan, "w", parts[1], squashed=True), plan.weight("time_mix_w0.weight"))
    w = like("UNARY", like("SCALE", like("UNARY", w)))
    k = linear(plan, "time_mix_key", parts[2])
    v = _values_7(plan, parts[3])
    g = _gate_7(plan, parts[5]) if gated else None
    a = like("UNARY", like("ADD", _low_rank(plan, "a", parts[4]), plan.weight("time_mix_a0.weight")))
    kk = like("L2_NORM", reshape(like("MUL", k, plan.weight("time_mix_k_k.weight")), length, heads, tokens))
    ka = like("MUL", k, plan.weight("time_mix_k_a.weight"))
    k = like("ADD", k, like("SUB", like("MUL", a, ka), ka))
    r, w, k, v, a = (reshape(t, length, heads, tokens) for t in (r, w, k, v, a))
    size = width * length
    state = load(plan, size)
    made = make(
        "RWKV_WKV7",
        "f32",
        (width, tokens + length * plan.slots),
        *(r, w, k, v, like("UNARY", kk), like("MUL", kk, a), state),
    )
    y = _finish(plan, made, size)
    bonus = like("MUL", like("MUL", k, r), reshape(plan.weight("time_mix_r_k.weight"), length, heads))
    bonus = like("MUL", v, make("SUM_ROWS", "f32", (1, heads, tokens), bonus))
    y = like("ADD", y, reshape(bonus, width, tokens))
    y = like("MUL", y, g) if g else y
    return reshape(linear(plan, "time_mix_output", y), width, per_slot(plan), plan.slots)


def _low_rank(plan: Plan, part: str, x: Tensor, *, squashed: bool = False) -> Tensor:
    inner = mul_mat(plan.weight(f"time_mix_{part}1.weight"), x)
    return mul_mat(plan.weight(f"time_mix_{part}2.weight"), like("UNARY", inner) if squashed else inner)


def _gate_7(plan: Plan, x: Tensor) -> Tensor:
    return _low_rank(plan, "g", x, squashed=True)


def _values_7(plan: Plan, x: Tensor) -> Tensor:
    """Values, blended with those of the first block."""
    v = linear(plan, "time_mix_value", x)
    first = plan.inputs.setdefault("first values", v)
    if first is v:
        return v
    blend = like("ADD", _low_rank(plan, "v", x), plan.weight("time_mix_v0.weight"))
    return like("ADD", v, like("MUL", like("SUB", first, v), like("UNARY", blend)))
