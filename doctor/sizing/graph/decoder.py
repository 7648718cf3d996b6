"""Blocks of the usual kind: attention or a recurrence, then a feed-forward part, each added to the residual stream.

Follows the graph builders in llama.cpp `src/models/*.cpp` (b10566); what sets families apart is in `families.py`.
"""

from collections.abc import Callable

from doctor.sizing.graph.attention import attend, attend_within, projections
from doctor.sizing.graph.delta import delta_net, gated_attention, kimi_delta
from doctor.sizing.graph.latent import latent_attention
from doctor.sizing.graph.parts import feed_forward, linear, mixture, norm
from doctor.sizing.graph.plan import Plan
from doctor.sizing.graph.recurrent import mamba, mamba2, short_convolution
from doctor.sizing.graph.sound import NoGraph
from doctor.sizing.graph.tensor import Tensor, get_rows, like, mul_mat, reshape, view

RECURRENCES: dict[str, Callable[[Plan, Tensor], Tensor]] = {
    "mamba": mamba,
    "mamba2": mamba2,
    "short convolution": short_convolution,
    "delta": delta_net,
    "kimi delta": kimi_delta,
}


def block(plan: Plan, x: Tensor) -> Tensor:
    """One block."""
    family = plan.family
    routed = mul_mat(plan.weight("ffn_gate_inp.weight"), x) if family.routed_early else None
    normed = x if family.raw_attention else norm(plan, x, "attn_norm", family.norm)
    seen = norm(plan, x, "attn_norm_2", family.norm) if plan.has("attn_norm_2.weight") else normed
    if family.expanded_norm:
        plan.graph.expand(normed)
    if family.beside:
        return _both(plan, x, normed)
    mixed = _mixed(plan, seen)
    if family.normed_rows:
        mixed = norm(plan, mixed, "post_attention_norm", family.norm)
    if family.parallel and not (family.parallel == "unless normed" and plan.has("ffn_norm.weight")):
        return _parallel(plan, x, normed, mixed)
    if plan.last and not family.late_outputs:
        rows = plan.output_rows()
        mixed, x = get_rows(mixed, rows), get_rows(x, rows)
        routed = get_rows(routed, rows) if routed else None
    if family.post_norm == "output" and not family.normed_rows:
        mixed = norm(plan, mixed, "post_attention_norm", family.norm)
    mixed = _scaled(plan, mixed)
    middle = like("ADD", x, mixed) if family.residual_first in ("attention", "both") else like("ADD", mixed, x)
    return middle if family.single else _second(plan, middle, routed)


def _second(plan: Plan, middle: Tensor, routed: Tensor | None = None) -> Tensor:
    """The feed-forward half of a block."""
    family = plan.family
    y = middle
    if not family.raw_attention:
        y = norm(
            plan,
            middle,
            "post_attention_norm" if family.post_norm == "feed-forward" else family.second_norm,
            family.norm,
        )
    y = _scaled(plan, mixture(plan, y, family.mixture, routed) if routed else feed(plan, y))
    if family.post_norm == "output":
        y = norm(plan, y, "post_ffw_norm", family.norm)
    y = like("ADD", middle, y) if family.residual_first in ("feed-forward", "both") else like("ADD", y, middle)
    deep = plan.inputs.get("deep")
    if deep and plan.number < plan.shape.number("n_deepstack_layers"):
        y = like("ADD", y, view(deep, (plan.width, plan.tokens), (deep.nb[1],)))
    return y


def _mixed(plan: Plan, x: Tensor) -> Tensor:
    """What lets tokens see one another; some blocks have a feed-forward part instead."""
    family = plan.family
    if plan.layer.recurrent:
        if family.recurrent not in RECURRENCES:
            raise NoGraph("a recurrence of an unknown kind")
        return RECURRENCES[family.recurrent](plan, x)
    if family.single and not plan.layer.reads:
        return feed(plan, x)
    if plan.has("attn_kv_a_mqa.weight"):
        return latent_attention(plan, x, roped=family.rope != "none")
    return gated_attention(plan, x) if family.gated_queries else attention(plan, x)


def _routed(plan: Plan, x: Tensor) -> Tensor:
    """Routed experts, which may work on a narrower stream than the block does."""
    kind = plan.family.mixture
    if not plan.has("ffn_latent_down.weight"):
        return mixture(plan, x, kind)
    narrow = mul_mat(plan.weight("ffn_latent_down.weight"), x)
    routed = mixture(plan, narrow, kind, mul_mat(plan.weight("ffn_gate_inp.weight"), x))
    return mul_mat(plan.weight("ffn_latent_up.weight"), routed)


def _scaled(plan: Plan, x: Tensor) -> Tensor:
    family = plan.family
    return like("SCALE", x) if family.always_scaled or plan.shape.says("residual_scale") else x


def _both(plan: Plan, x: Tensor, normed: Tensor) -> Tensor:
    """Attention and a recurrence side by side (Falcon H1)."""
    attended = attention(plan, normed)
    recurred = RECURRENCES[plan.family.recurrent](plan, norm(plan, x, "attn_norm", plan.family.norm))
    middle = like("ADD", like("ADD", attended, recurred), x)
    return _second(plan, get_rows(middle, plan.output_rows()) if plan.last else middle)


def _parallel(plan: Plan, x: Tensor, normed: Tensor, mixed: Tensor) -> Tensor:
    """Feed-forward beside attention, on the same norm or on one of its own."""
    kind = plan.family.parallel
    if plan.last:
        rows = plan.output_rows()
        mixed, x = get_rows(mixed, rows), get_rows(x, rows)
        if kind != "own norm":
            normed = get_rows(normed, rows)
    if kind == "own norm":
        normed = norm(plan, x, "ffn_norm", plan.family.norm)
    if kind == "unless normed":
        return like("ADD", feed(plan, normed), like("ADD", mixed, x))
    y = feed(plan, normed)
    if kind in ("attention last", "own norm"):
        return like("ADD", like("ADD", y, x), mixed)
    return like("ADD", like("ADD", mixed, y) if kind == "attention first" else like("ADD", y, mixed), x)


def attention(plan: Plan, x: Tensor) -> Tensor:
    """Queries, keys and values, normed and turned by position, and attention."""
    family, roped = plan.family, _roped(plan)
    if family.row_norm:
        q, k, v = _row_normed(plan, x)
    else:
        q, k, v = projections(plan, x)
    if roped and family.norm_after_rope:
        q, k = _turned(plan, q, k)
    if not family.row_norm and plan.has("attn_q_norm.weight"):
        q, k = norm(plan, q, "attn_q_norm", family.norm), norm(plan, k, "attn_k_norm", family.norm)
    if roped and not family.norm_after_rope:
        q, k = _turned(plan, q, k)
    if family.scaled_query:
        q = like("SCALE", q)
    if _tempered(plan, roped=roped):
        q = like("MUL", q, plan.input("temperature", "f32", 1, 1, plan.tokens))
    if family.tempered == "unroped" and roped and plan.shape.experts != PLAIN_EXPERTS:
        q, k = like("RMS_NORM", q), like("RMS_NORM", k)
    gated = plan.has("attn_gate.weight")
    if family.cacheless:
        return attend_within(plan, q, k, v, output=not gated)
    found = attend(plan, q, k, v, sinks=plan.maybe("attn_sinks.weight"), output=not gated)
    return _gated(plan, found, x) if gated else found


def _gated(plan: Plan, found: Tensor, x: Tensor) -> Tensor:
    """What attention found is weighed by a gate, element by element or head by head."""
    layer = plan.layer
    gate = like("UNARY", mul_mat(plan.weight("attn_gate.weight"), x))
    if gate.ne[0] == layer.heads:
        heads = reshape(found, layer.v_length, layer.heads, plan.tokens)
        weighed = like("MUL", heads, reshape(gate, 1, layer.heads, plan.tokens))
        return linear(plan, "attn_output", reshape(weighed, layer.v_length * layer.heads, plan.tokens))
    return linear(plan, "attn_output", like("MUL", found, gate))


SHALLOW = 32  # blocks of Baichuan 7B; the 13B has no rope
PLAIN_EXPERTS = 128  # of Llama 4's sizes, the one without norms of queries and keys


def _row_normed(plan: Plan, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries and keys normed before they are cut into heads."""
    layer, kind = plan.layer, plan.family.norm
    q, k, v = (mul_mat(plan.weight(f"attn_{part}.weight"), x) for part in "qkv")
    q, k = norm(plan, q, "attn_q_norm", kind), norm(plan, k, "attn_k_norm", kind)
    q = reshape(q, layer.k_length, layer.heads, plan.tokens)
    k = reshape(k, layer.k_length, layer.kv_heads, plan.tokens)
    return q, k, reshape(v, layer.v_length, layer.kv_heads, plan.tokens)


def _tempered(plan: Plan, *, roped: bool) -> bool:
    kind = plan.family.tempered
    return (kind == "unroped" and not roped) or (kind == "filed" and plan.shape.says("attention.temperature_scale"))


def _roped(plan: Plan) -> bool:
    kind = plan.family.rope
    if kind == "window":
        return plan.layer.reads == "window" or not plan.shape.windowed
    if kind == "filed":
        return plan.shape.says("rope.scaling.finetuned")
    if kind == "shallow":
        return len(plan.shape.layers) == SHALLOW
    return (
        kind == "all" or (kind == "step" and (plan.number + 1) % 4 != 0) or (kind == "first" and plan.number % 4 != 0)
    )


def _turned(plan: Plan, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
    return plan.rope(q), plan.rope(k)


def feed(plan: Plan, x: Tensor) -> Tensor:
    """The dense feed-forward part, or routed experts and a shared one."""
    family = plan.family
    if not plan.has("ffn_gate_inp.weight"):
        return feed_forward(plan, x, family.act)
    if not plan.has("ffn_up_shexp.weight"):
        return mixture(plan, x, family.mixture)
    if family.shared == "before":
        own = feed_forward(plan, x, family.act, "_shexp")
        return like("ADD", mixture(plan, x, family.mixture), own)
    routed = _routed(plan, x)
    own = feed_forward(plan, x, family.act, "_shexp")
    if family.shared.endswith("gated"):
        gate = mul_mat(plan.weight("ffn_gate_inp_shexp.weight"), x)
        opened = like("UNARY", gate)
        own = like("MUL", own, like("DIV", opened, gate) if family.shared == "softly gated" else opened)
    return like("ADD", routed, own)
