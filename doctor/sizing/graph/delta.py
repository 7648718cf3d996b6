"""Gated delta nets (Qwen3-Next and after, Kimi Linear), and the gated attention between them.

Follows llama.cpp `src/models/qwen3next.cpp`, `qwen35.cpp`, `kimi-linear.cpp` and `delta-net-base.cpp` (b10566), with
the fused operation that all backends run.
"""

from collections.abc import Sequence

from doctor.sizing.graph.attention import attend
from doctor.sizing.graph.parts import linear, norm
from doctor.sizing.graph.plan import Plan
from doctor.sizing.graph.recurrent import convolved, load, per_slot, save, shifted
from doctor.sizing.graph.tensor import (
    Tensor,
    concat,
    cont,
    like,
    make,
    mul_mat,
    reshape,
    transpose,
    view,
)


def gated_attention(plan: Plan, x: Tensor) -> Tensor:
    """Attention whose queries come with a gate for its result."""
    layer, tokens = plan.layer, plan.tokens
    length, heads = layer.k_length, layer.heads
    both = linear(plan, "attn_q", x)
    row = 8 * length
    q, gate = (view(both, (length, heads, tokens), (row, row * heads)) for _ in range(2))
    k = reshape(linear(plan, "attn_k", x), length, layer.kv_heads, tokens)
    v = reshape(linear(plan, "attn_v", x), length, layer.kv_heads, tokens)
    q, k = norm(plan, q, "attn_q_norm"), norm(plan, k, "attn_k_norm")
    q, k = like("ROPE", q, plan.positions()), like("ROPE", k, plan.positions())
    found = attend(plan, q, k, v, output=False)
    gate = like("UNARY", cont(gate, length * heads, tokens))
    return linear(plan, "attn_output", like("MUL", found, gate))


def delta_net(plan: Plan, x: Tensor) -> Tensor:
    """Linear attention with a gated delta rule."""
    shape, tokens, slots = plan.shape, per_slot(plan), plan.slots
    inner, k_length = shape.number("ssm.inner_size"), shape.number("ssm.state_size")
    k_heads, v_heads = shape.number("ssm.group_count"), shape.number("ssm.time_step_rank")
    v_length = inner // v_heads
    mixed, z = _inputs(plan, x)
    beta, gate = _gates(plan, x)
    kernel = plan.weight("ssm_conv1d.weight")
    joined = shifted(plan, mixed, kernel.ne[0] - 1)
    size = k_length * inner
    state = reshape(load(plan, size), v_length, v_length, v_heads, slots)
    y = like("UNARY", convolved(plan, joined, kernel))
    row = y.nb[1]
    q, k = (view(y, (k_length, k_heads, tokens, slots), (4 * k_length, row, row * tokens)) for _ in range(2))
    v = view(y, (v_length, v_heads, tokens, slots), (4 * v_length, row, row * tokens))
    q, k = like("L2_NORM", q), like("L2_NORM", k)
    if k_heads != v_heads and plan.has("ssm_ba.weight"):
        q, k = _repeated(plan, q, v_heads), _repeated(plan, k, v_heads)
    out = _rule(plan, (q, k, v, gate, beta, state), size)
    out = norm(plan, out, "ssm_norm")
    out = like("MUL", out, like("UNARY", reshape(z, v_length, v_heads, tokens, slots)))
    out = linear(plan, "ssm_out", reshape(out, inner, tokens, slots))
    return reshape(out, plan.width, plan.tokens)


def _inputs(plan: Plan, x: Tensor) -> tuple[Tensor, Tensor]:
    """What goes through the convolution, and the gate of the result: two matrices, or one in older files."""
    shape, tokens, slots = plan.shape, per_slot(plan), plan.slots
    if plan.has("attn_qkv.weight"):
        mixed = linear(plan, "attn_qkv", x)
        return reshape(mixed, mixed.ne[0], tokens, slots), linear(plan, "attn_gate", x)
    k_length, k_heads = shape.number("ssm.state_size"), shape.number("ssm.group_count")
    v_width = shape.number("ssm.inner_size") // k_heads
    made = linear(plan, "ssm_in", x)
    made = reshape(made, 2 * (k_length + v_width), k_heads, tokens, slots)
    q, k, v, z = (view(made, (n, k_heads, tokens, slots), made.nb[1:]) for n in (k_length, k_length, v_width, v_width))
    z = cont(z)
    q, k, v = (cont(part, part.ne[0] * k_heads, tokens, slots) for part in (q, k, v))
    return concat(concat(q, k, 0), v, 0), z


def _gates(plan: Plan, x: Tensor) -> tuple[Tensor, Tensor]:
    """How much each head writes, and how much it forgets."""
    shape, tokens, slots = plan.shape, per_slot(plan), plan.slots
    k_heads, v_heads = shape.number("ssm.group_count"), shape.number("ssm.time_step_rank")
    if plan.has("ssm_ba.weight"):
        both = reshape(linear(plan, "ssm_ba", x), 2 * v_heads // k_heads, k_heads, tokens, slots)
        b, a = (view(both, (v_heads // k_heads, k_heads, tokens, slots), both.nb[1:]) for _ in range(2))
        beta = reshape(like("UNARY", cont(b)), 1, v_heads, tokens, slots)
        alpha = cont(a, v_heads, tokens, slots)
    else:
        beta = like("UNARY", reshape(linear(plan, "ssm_beta", x), 1, v_heads, tokens, slots))
        alpha = reshape(linear(plan, "ssm_alpha", x), v_heads, tokens, slots)
    gate = like("MUL", like("UNARY", like("ADD", alpha, plan.weight("ssm_dt.bias"))), plan.weight("ssm_a"))
    return beta, reshape(gate, 1, v_heads, tokens, slots)


def _repeated(plan: Plan, x: Tensor, heads: int) -> Tensor:
    """Each head of keys or queries as often as there are value heads for it."""
    length, few = x.ne[0], x.ne[1]
    flat = reshape(x, length, 1, few, plan.tokens)
    many = make("REPEAT", "f32", (length, heads // few, few, plan.tokens), flat)
    return reshape(many, length, heads, per_slot(plan), plan.slots)


def _rule(plan: Plan, sources: Sequence[Tensor], size: int) -> Tensor:
    """The delta rule over the sequence: results and new states in one tensor; the states are saved.

    `sources`: queries, keys, values, decay, share of the new, and the states before.
    """
    length, heads, tokens, slots = sources[2].ne
    made = make("GATED_DELTA_NET", "f32", (length * heads, (tokens + length) * slots), *sources)
    row = 4 * length
    out = view(made, (length, heads, tokens, slots), (row, row * heads, row * heads * tokens))
    states = view(made, (length, length, heads, slots), (row, row * length, row * length * heads))
    save(plan, states, size)
    return out


def kimi_delta(plan: Plan, x: Tensor) -> Tensor:
    """Kimi's delta attention: three convolutions, a decay for each channel."""
    shape, tokens, slots, heads = plan.shape, per_slot(plan), plan.slots, plan.layer.heads
    length = shape.number("kda.head_dim")
    inner, kept = heads * length, shape.number("ssm.conv_kernel") - 1
    conv = load(plan, 3 * kept * inner)
    q, k, v = (_kimi_part(plan, x, conv, part) for part in "qkv")
    decay = mul_mat(plan.weight("ssm_f_b.weight"), mul_mat(plan.weight("ssm_f_a.weight"), x))
    decay = like("UNARY", like("ADD", decay, plan.weight("ssm_dt.bias")))
    decay = like("MUL", reshape(decay, length, heads, plan.tokens), reshape(plan.weight("ssm_a"), 1, heads))
    decay = reshape(decay, length, heads, tokens, slots)
    beta = like("UNARY", reshape(mul_mat(plan.weight("ssm_beta.weight"), x), 1, heads, tokens, slots))
    flat = reshape(x, x.ne[0], tokens, slots)
    size = length * inner
    state = reshape(load(plan, size), length, length, heads, slots)
    q, k = like("L2_NORM", q), like("L2_NORM", k)
    out = cont(_rule(plan, (q, k, v, decay, beta, state), size))
    gate = mul_mat(plan.weight("ssm_g_a.weight"), reshape(flat, x.ne[0], plan.tokens))
    gate = reshape(mul_mat(plan.weight("ssm_g_b.weight"), gate), length, heads, plan.tokens)
    out = norm(plan, reshape(out, length, heads, plan.tokens), "ssm_norm")
    out = like("MUL", out, like("UNARY", gate))
    return mul_mat(plan.weight("attn_output.weight"), cont(out, inner, plan.tokens))


def _kimi_part(plan: Plan, x: Tensor, conv: Tensor, part: str) -> Tensor:
    """Queries, keys or values through their own convolution."""
    tokens, slots = per_slot(plan), plan.slots
    kernel = plan.weight(f"ssm_conv1d_{part}.weight")
    taps, inner = kernel.ne[0], kernel.ne[0] and kernel.ne[1] * kernel.ne[2]
    state = view(conv, (taps - 1, inner, slots), (4 * (taps - 1), conv.nb[1]))
    made = reshape(mul_mat(plan.weight(f"attn_{part}.weight"), x), inner, tokens, slots)
    joined = concat(state, transpose(made), 0)
    save(plan, view(joined, (taps - 1, inner, slots), joined.nb[1:3]), 3 * (taps - 1) * inner)
    y = convolved(plan, joined, reshape(kernel, taps, inner))
    y = like("UNARY", reshape(y, inner, plan.tokens))
    return reshape(y, inner // plan.layer.heads, plan.layer.heads, tokens, slots)
