"""Blocks that keep a state instead of a cache: Mamba, short convolutions, gated delta nets.

Follows llama.cpp `src/models/mamba-base.cpp`, `lfm2.cpp`, `delta-net-base.cpp`, `qwen3next.cpp`, `qwen35.cpp` and
`kimi-linear.cpp`, and `build_rs` in `src/llama-graph.cpp` (b10566). The sizes behind a view's start are left out.
"""

from doctor.sizing.graph.parts import linear, norm
from doctor.sizing.graph.plan import Plan
from doctor.sizing.graph.tensor import (
    Tensor,
    cached,
    concat,
    cont,
    copy,
    get_rows,
    glu,
    like,
    make,
    mul_mat,
    reshape,
    transpose,
    view,
)


def stored_state(plan: Plan, size: int) -> Tensor:
    """The state of all slots of one block, `size` elements each."""
    return cached(plan.home, "f32", size, plan.slots)


def sequences(plan: Plan, *, idle: bool = False) -> Tensor:
    """Which stored state each sequence goes on from; `idle`: those of slots without one, of which there are none."""
    name = "idle states" if idle else "states"
    if name not in plan.inputs:
        copies = plan.input("state copies", "i32", plan.slots)
        plan.inputs[name] = view(copies, (0 if idle else plan.slots,))
    return plan.inputs[name]


def load(plan: Plan, size: int) -> Tensor:
    """The states of all sequences of the batch. One of them is cleared first."""
    states = stored_state(plan, size)
    clear(plan, states)
    found = get_rows(states, sequences(plan))
    plan.graph.expand(found)
    keep_idle(plan, states)
    return found


def keep_idle(plan: Plan, states: Tensor) -> None:
    """States of slots without a sequence move along."""
    plan.graph.expand(copy(get_rows(states, sequences(plan, idle=True)), states))


def clear(plan: Plan, states: Tensor) -> None:
    """Set a stored state to zero, in its place."""
    plan.graph.expand(Tensor("SCALE", "f32", states.ne, [states], states.nb, states))


def save(plan: Plan, part: Tensor, size: int) -> None:
    """Write states back."""
    plan.graph.expand(copy(part, stored_state(plan, size)))


def per_slot(plan: Plan) -> int:
    """Tokens of one sequence in the batch."""
    return plan.tokens // plan.slots


def shifted(plan: Plan, x: Tensor, kept: int, state: Tensor | None = None) -> Tensor:
    """The last columns of the sequence so far before those of the batch; the new last ones are saved."""
    channels = x.ne[0]
    if state is None:
        state = reshape(load(plan, kept * channels), kept, channels, plan.slots)
    joined = concat(state, transpose(x), 0)
    save(plan, view(joined, (kept, channels, plan.slots), joined.nb[1:3]), kept * channels)
    return joined


def convolved(plan: Plan, joined: Tensor, kernel: Tensor) -> Tensor:
    """A convolution along the sequence."""
    taps, channels = kernel.ne[0], kernel.ne[1]
    return make("SSM_CONV", "f32", (channels, joined.ne[0] - taps + 1, joined.ne[2]), joined, kernel)


def mamba(plan: Plan, x: Tensor) -> Tensor:
    """Mamba's first kind: every channel has a state of its own."""
    shape, tokens, slots = plan.shape, per_slot(plan), plan.slots
    inner, states = shape.number("ssm.inner_size"), shape.number("ssm.state_size")
    rank, kept = shape.number("ssm.time_step_rank"), shape.number("ssm.conv_kernel") - 1
    conv = reshape(load(plan, kept * inner), kept, inner, slots)
    both = linear(plan, "ssm_in", reshape(x, x.ne[0], tokens, slots))
    part, gate = (view(both, (inner, tokens, slots), both.nb[1:3]) for _ in range(2))
    y = convolved(plan, shifted(plan, part, kept, conv), plan.weight("ssm_conv1d.weight"))
    y = like("UNARY", like("ADD", y, plan.weight("ssm_conv1d.bias")))
    made = mul_mat(plan.weight("ssm_x.weight"), y)
    dt = view(made, (rank, tokens, slots), made.nb[1:3])
    b, c = (view(made, (states, 1, tokens, slots), (4 * states, *made.nb[1:3])) for _ in range(2))
    if shape.says("ssm.dt_b_c_rms") or plan.has("ssm_dt_norm.weight"):
        dt, b, c = (norm(plan, t, name) for t, name in ((dt, "ssm_dt_norm"), (b, "ssm_b_norm"), (c, "ssm_c_norm")))
    dt = like("ADD", mul_mat(plan.weight("ssm_dt.weight"), dt), plan.weight("ssm_dt.bias"))
    heads = reshape(y, 1, inner, tokens, slots)
    out = _scan(plan, heads, dt, b, c, states * inner)
    out = view(out, (inner, tokens, slots), heads.nb[2:4])
    out = like("ADD", out, like("MUL", y, plan.weight("ssm_d")))
    out = linear(plan, "ssm_out", glu(cont(gate), out))
    return reshape(out, out.ne[0], plan.tokens)


def _scan(plan: Plan, x: Tensor, dt: Tensor, b: Tensor, c: Tensor, size: int) -> Tensor:
    """The scan over the sequence: its results and the new states in one tensor."""
    states = stored_state(plan, size)
    clear(plan, states)
    elements = x.ne[0] * x.ne[1] * x.ne[2] * x.ne[3]
    total = (elements + size * plan.slots,)
    found = make("SSM_SCAN", "f32", total, states, x, dt, plan.weight("ssm_a"), b, c, sequences(plan))
    plan.graph.expand(found)
    keep_idle(plan, states)
    save(plan, view(found, (size * plan.slots,)), size)
    return found


def mamba2(plan: Plan, x: Tensor) -> Tensor:
    """Mamba's second kind: heads share their state's decay."""
    shape, tokens, slots = plan.shape, per_slot(plan), plan.slots
    inner, states = shape.number("ssm.inner_size"), shape.number("ssm.state_size")
    heads, groups = shape.number("ssm.time_step_rank"), shape.number("ssm.group_count")
    kept, channels = shape.number("ssm.conv_kernel") - 1, inner + 2 * groups * states
    length = inner // heads
    conv = reshape(load(plan, kept * channels), kept, channels, slots)
    made = linear(plan, "ssm_in", reshape(x, x.ne[0], tokens, slots))
    gate = view(made, (length, heads, tokens, slots), (4 * length, *made.nb[1:3]))
    mixed = view(made, (channels, tokens, slots), made.nb[1:3])
    dt = view(made, (heads, tokens, slots), made.nb[1:3])
    y = convolved(plan, shifted(plan, mixed, kept, conv), plan.weight("ssm_conv1d.weight"))
    y = like("UNARY", like("ADD", y, plan.weight("ssm_conv1d.bias")))
    part = view(y, (length, heads, tokens, slots), (4 * length, *y.nb[1:3]))
    b, c = (view(y, (states, groups, tokens, slots), (4 * states, *y.nb[1:3])) for _ in range(2))
    dt = like("ADD", cont(dt), plan.weight("ssm_dt.bias"))
    out = _scan(plan, part, dt, b, c, states * inner)
    row = part.nb[1]
    out = view(out, (length, heads, tokens, slots), (row, heads * row, tokens * heads * row))
    out = like("ADD", out, like("MUL", part, plan.weight("ssm_d")))
    out = glu(cont(gate), out)
    if plan.has("ssm_norm.weight"):
        out = norm(plan, reshape(out, inner // groups, groups, tokens, slots), "ssm_norm")
    out = linear(plan, "ssm_out", reshape(out, inner, tokens, slots))
    return reshape(out, out.ne[0], plan.tokens)


def short_convolution(plan: Plan, x: Tensor) -> Tensor:
    """LFM2: a gated convolution over the last few tokens."""
    tokens, slots, width = per_slot(plan), plan.slots, plan.width
    kept = plan.shape.number("shortconv.l_cache") - 1
    made = linear(plan, "shortconv.in_proj", reshape(x, x.ne[0], tokens, slots))
    b, c, part = (view(made, (width, tokens, slots), made.nb[1:3]) for _ in range(3))
    gated = transpose(like("MUL", b, part))
    joined = concat(reshape(load(plan, kept * width), kept, width, slots), gated, 0)
    save(plan, view(joined, (kept, width, slots), joined.nb[1:3]), kept * width)
    y = like("MUL", c, convolved(plan, joined, plan.weight("shortconv.conv.weight")))
    y = linear(plan, "shortconv.out_proj", y)
    return reshape(y, y.ne[0], plan.tokens)
