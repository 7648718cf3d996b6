"""Norms, matrices, feed-forward parts and mixtures of experts.

Follows `build_norm`, `build_lora_mm`, `build_ffn` and `build_moe_ffn` in llama.cpp `src/llama-graph.cpp` (b10566).
"""

from doctor.sizing.graph.families import RMS, Mixture
from doctor.sizing.graph.plan import Plan
from doctor.sizing.graph.tensor import (
    Tensor,
    cont,
    get_rows,
    glu,
    like,
    make,
    mul_mat,
    mul_mat_id,
    reshape,
    set_rows,
    view,
)

GATINGS = {1: "softmax", 2: "sigmoid", 3: "late softmax"}  # values of `expert_gating_func`


def norm(plan: Plan, x: Tensor, name: str, kind: str = RMS) -> Tensor:
    """A norm with its weight and bias, where the block has them."""
    y = like(kind, x)
    weight, bias = plan.maybe(name + ".weight"), plan.maybe(name + ".bias")
    if (weight or bias) and plan.pin_norms:
        y.backend = plan.home
    if weight:
        y = like("MUL", y, weight)
    return like("ADD", y, bias) if bias else y


def linear(plan: Plan, name: str, x: Tensor) -> Tensor:
    """A matrix with its scale and bias, where the block has them."""
    y = mul_mat(plan.weight(name + ".weight"), x)
    scale, bias = plan.maybe(name + ".scale"), plan.maybe(name + ".bias")
    if scale:
        y = like("MUL", y, scale)
    return like("ADD", y, bias) if bias else y


def feed_forward(plan: Plan, x: Tensor, act: str, suffix: str = "") -> Tensor:
    """`act`: "gated" (with a gate, else the plain function), "halves" (one matrix makes both), "squared"."""
    up = linear(plan, "ffn_up" + suffix, x)
    if act == "squared":
        y = like("SQR", like("UNARY", up))
    elif act == "halves":
        y = glu(up)
    elif plan.has(f"ffn_gate{suffix}.weight"):
        y = glu(linear(plan, "ffn_gate" + suffix, x), up)
    else:
        y = like("UNARY", up)
    return linear(plan, "ffn_down" + suffix, y)


def mixture(plan: Plan, x: Tensor, kind: Mixture, logits: Tensor | None = None) -> Tensor:
    """Routed experts: each token's are chosen, run and summed."""
    graph, tokens = plan.graph, x.ne[1]
    used = plan.shape.experts_used
    logits = logits if logits is not None else mul_mat(plan.weight("ffn_gate_inp.weight"), x)
    if bias := plan.maybe("ffn_gate_inp.bias"):
        logits = like("ADD", logits, bias)
    chosen, weights = _choose(plan, logits, kind)
    graph.expand(weights)
    x = reshape(x, x.ne[0], 1, tokens)
    if kind.weigh_first:
        x = like("MUL", make("REPEAT", "f32", (x.ne[0], used, tokens), x), weights)
    y = _experts(plan, x, chosen, kind)
    if not kind.weigh_first:
        y = like("MUL", y, weights)
    graph.expand(y)
    views = [view(y, (y.ne[0], tokens), (y.nb[2],)) for _ in range(used)]
    for each in views:
        graph.expand(each)
    total = views[0]
    for each in views[1:]:
        total = like("ADD", total, each)
        graph.expand(total)
    return cont(total) if used == 1 else total


def _choose(plan: Plan, logits: Tensor, kind: Mixture) -> tuple[Tensor, Tensor]:
    """Numbers of the chosen experts and their weights."""
    shape, experts, tokens = plan.shape, logits.ne[0], logits.ne[1]
    used = shape.experts_used
    gating = GATINGS.get(shape.number("expert_gating_func"), kind.gating) if kind.gating_filed else kind.gating
    probabilities = logits
    if gating != "late softmax":
        probabilities = like("SOFT_MAX" if gating == "softmax" else "UNARY", logits)
    wanted = logits if kind.weigh_first else probabilities
    if bias := plan.maybe("exp_probs_b.bias") or plan.maybe("exp_probs_b"):
        wanted = like("ADD", probabilities, bias)
    if shape.number("expert_group_count") > 1:
        wanted = _in_groups(plan, wanted)
    chosen = top(wanted, used)
    weights = get_rows(reshape(probabilities, 1, experts, tokens), chosen)
    if gating == "late softmax":
        weights = reshape(like("SOFT_MAX", reshape(weights, used, tokens)), 1, used, tokens)
    if shape.says("expert_weights_norm") if kind.normed is None else kind.normed:
        weights = reshape(weights, used, tokens)
        total = make("SUM_ROWS", "f32", (1, tokens), weights)
        total = Tensor("CLAMP", "f32", total.ne, [total], total.nb, total)
        weights = reshape(like("DIV", weights, total), 1, used, tokens)
    scaled = shape.numbers.get("expert_weights_scale", 0) not in (0, 1)
    return chosen, like("SCALE", weights) if scaled else weights


def _in_groups(plan: Plan, wanted: Tensor) -> Tensor:
    """All but the best groups of experts masked out."""
    experts, tokens = wanted.ne[0], wanted.ne[1]
    groups, kept = plan.shape.number("expert_group_count"), plan.shape.number("expert_group_used_count")
    each = experts // groups
    grouped = reshape(wanted, each, groups, tokens)
    best = get_rows(reshape(grouped, 1, each, groups, tokens), top(grouped, 2))
    scores = make("SUM_ROWS", "f32", (1, groups, tokens), reshape(best, 2, groups, tokens))
    chosen = top(reshape(scores, groups, tokens), kept)
    rows = get_rows(grouped, chosen)
    masked = set_rows(like("FILL", grouped), rows, chosen)
    return reshape(masked, experts, tokens)


def top(x: Tensor, count: int) -> Tensor:
    """Numbers of the largest elements of each row: a view of all of them sorted."""
    sorted_ = make("ARGSORT", "i32", x.ne, x)
    return view(sorted_, (count, *x.ne[1:]), sorted_.nb[1:])


def _experts(plan: Plan, x: Tensor, chosen: Tensor, kind: Mixture) -> Tensor:
    if plan.has("ffn_gate_up_exps.weight"):
        both = _stacked(plan, "ffn_gate_up_exps", x, chosen)
        half = both.ne[0] // 2
        gate = view(both, (half, *both.ne[1:3]), both.nb[1:3])
        up = view(both, (half, *both.ne[1:3]), both.nb[1:3])
        y = glu(gate, up)
    else:
        up = _stacked(plan, "ffn_up_exps", x, chosen)
        if kind.act == "squared":
            y = like("SQR", like("UNARY", up))
        elif plan.has("ffn_gate_exps.weight"):
            y = glu(_stacked(plan, "ffn_gate_exps", x, chosen), up)
        else:
            y = like("UNARY", up)
    return _stacked(plan, "ffn_down_exps", y, chosen)


def _stacked(plan: Plan, name: str, x: Tensor, chosen: Tensor) -> Tensor:
    """The chosen experts' matrices with their scales and biases."""
    y = mul_mat_id(plan.weight(name + ".weight"), x, chosen)
    if scale := plan.maybe(name + ".scale"):
        experts = scale.ne[0]
        repeated = make("REPEAT", "f32", (1, experts, x.ne[2]), reshape(scale, 1, experts))
        y = like("MUL", y, get_rows(repeated, chosen))
    if bias := plan.maybe(name + ".bias"):
        y = like("ADD_ID", y, bias, chosen)
    return y
