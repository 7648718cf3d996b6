"""Gemma 3n and 4: inputs for each block, several residual streams, experts beside a dense part.

Follows llama.cpp `src/models/gemma3n.cpp` and `gemma4.cpp` (b10566).
"""

from doctor.sizing.graph.attention import attend
from doctor.sizing.graph.families import Mixture
from doctor.sizing.graph.parts import feed_forward, linear, mixture, norm
from doctor.sizing.graph.plan import SPARSE_BLOCKS, Plan
from doctor.sizing.graph.tensor import (
    Tensor,
    concat,
    cont,
    get_rows,
    input_leaf,
    like,
    make,
    mul_mat,
    permute,
    reshape,
    transpose,
    view,
)


def per_layer_inputs(plan: Plan, x: Tensor, width: int) -> Tensor:
    """What each block adds to its result by token, all blocks at once."""
    count, tokens = len(plan.shape.layers), plan.tokens
    looked_up = get_rows(plan.outside("per_layer_token_embd.weight", plan.cpu), input_leaf("i32", tokens))
    looked_up = like("SCALE", reshape(looked_up, width, count, tokens))
    plan.graph.expand(looked_up)
    made = like("SCALE", mul_mat(plan.outside("per_layer_model_proj.weight", plan.placement[0]), x))
    made = like("RMS_NORM", reshape(made, width, count, tokens))
    made = like("MUL", made, plan.outside("per_layer_proj_norm.weight", plan.placement[0]))
    made = like("SCALE", like("ADD", made, looked_up))
    return cont(permute(made, 0, 2, 1, 3))


def _slice(x: Tensor) -> Tensor:
    """One of the planes of a tensor."""
    return view(x, x.ne[:2], (x.nb[1],))


def gemma_attention(plan: Plan, x: Tensor) -> Tensor:
    """Attention with normed values; the later blocks read the cache of an earlier one."""
    layer, tokens = plan.layer, plan.tokens
    q = reshape(linear(plan, "attn_q", x), layer.k_length, layer.heads, tokens)
    q = plan.rope(norm(plan, q, "attn_q_norm"))
    if layer.attention == "none":
        return attend(plan, q, None, None)
    k = linear(plan, "attn_k", x)
    v = linear(plan, "attn_v", x) if plan.has("attn_v.weight") else k
    k, v = (reshape(t, layer.k_length, layer.kv_heads, tokens) for t in (k, v))
    k, v = norm(plan, k, "attn_k_norm"), like("RMS_NORM", v)
    return attend(plan, q, plan.rope(k), v)


def gemma4_block(plan: Plan, x: Tensor) -> Tensor:
    """Gemma 4: norms around every part, experts beside the dense part, inputs of the block at the end."""
    mixed = gemma_attention(plan, norm(plan, x, "attn_norm"))
    middle = like("ADD", norm(plan, mixed, "post_attention_norm"), x)
    if plan.has("ffn_gate_inp.weight"):
        y = _experts_beside(plan, middle)
    else:
        y = feed_forward(plan, norm(plan, middle, "ffn_norm"), "gated")
    y = like("ADD", norm(plan, y, "post_ffw_norm"), middle)
    if "per layer" in plan.inputs:
        inner = like("UNARY", linear(plan, "inp_gate", y))
        inner = like("MUL", inner, _slice(plan.inputs["per layer"]))
        y = like("ADD", y, norm(plan, linear(plan, "proj", inner), "post_norm"))
    if scale := plan.maybe("layer_output_scale.weight"):
        y = like("MUL", y, scale)
    return y


def _experts_beside(plan: Plan, x: Tensor) -> Tensor:
    dense = norm(plan, feed_forward(plan, norm(plan, x, "ffn_norm"), "gated"), "post_ffw_norm_1")
    inner = norm(plan, x, "pre_ffw_norm_2")
    routed = like("MUL", like("SCALE", like("RMS_NORM", x)), plan.weight("ffn_gate_inp.scale"))
    logits = mul_mat(plan.weight("ffn_gate_inp.weight"), routed)
    experts = norm(plan, mixture(plan, inner, Mixture(), logits), "post_ffw_norm_2")
    return like("ADD", dense, experts)


def start_streams(plan: Plan, x: Tensor) -> Tensor:
    """Gemma 3n: the other residual streams, made from the first one and brought to its magnitude."""
    count = _streams(plan) - 1
    wanted = _magnitude(x)
    repeated = make("REPEAT", "f32", (plan.width, plan.tokens, count), x)
    added = mul_mat(plan.outside("altup_proj.weight", plan.head_home), repeated)
    found = _magnitude(added)
    added = like("DIV", like("MUL", added, wanted), found)
    return concat(x, added, 2)


def join_streams(plan: Plan, x: Tensor) -> Tensor:
    """Gemma 3n: the mean of all streams."""
    count = _streams(plan) - 1
    wanted = _magnitude(_slice(x))
    others = view(x, (plan.width, plan.tokens, count), x.nb[1:3])
    others = mul_mat(plan.outside("altup_unembd_proj.weight", plan.head_home), others)
    found = _magnitude(others)
    others = like("DIV", like("MUL", others, wanted), found)
    y = _slice(x)
    for _ in range(count):
        y = like("ADD", y, _slice(others))
    return like("SCALE", y)


def _streams(plan: Plan) -> int:
    return plan.shape.number("altup.num_inputs", 4)


def _magnitude(x: Tensor) -> Tensor:
    return like("SQRT", make("SUM_ROWS", "f32", (1, *x.ne[1:]), like("SQR", x)))


def gemma3n_block(plan: Plan, x: Tensor) -> Tensor:
    """Gemma 3n: all streams are predicted, one goes through the block, and what it changed corrects them all."""
    predicted = _predicted(plan, x)
    active = _slice(predicted)
    normed = norm(plan, active, "attn_norm")
    side = linear(plan, "laurel_r", linear(plan, "laurel_l", normed))
    side = like("ADD", norm(plan, side, "laurel_post_norm"), normed)
    mixed = like("ADD", norm(plan, gemma_attention(plan, normed), "post_attention_norm"), active)
    middle = like("SCALE", like("ADD", mixed, side))
    inner = norm(plan, middle, "ffn_norm")
    up, gate = linear(plan, "ffn_up", inner), linear(plan, "ffn_gate", inner)
    if plan.number < SPARSE_BLOCKS:
        gate = _thinned(gate)
    y = linear(plan, "ffn_down", like("MUL", up, like("UNARY", gate)))
    y = like("ADD", norm(plan, y, "post_ffw_norm"), middle)
    corrected = _corrected(plan, predicted, y)
    first = like("MUL", _slice(corrected), plan.weight("altup_correct_scale.weight"))
    first = like("UNARY", linear(plan, "inp_gate", first))
    first = like("MUL", first, _slice(plan.inputs["per layer"]))
    first = norm(plan, linear(plan, "proj", first), "post_norm")
    kept, rest = _slice(corrected), view(corrected, (plan.width, plan.tokens, _streams(plan) - 1), corrected.nb[1:3])
    return concat(kept, like("ADD", rest, first), 2)


def _thinned(x: Tensor) -> Tensor:
    """Activations below a cut-off by mean and deviation set to zero."""
    row = (1, *x.ne[1:])
    mean = make("MEAN", "f32", row, x)
    spread = make("SUM_ROWS", "f32", row, like("SQR", like("SUB", x, mean)))
    deviation = like("SQRT", like("SCALE", spread))
    return like("UNARY", like("SUB", x, like("ADD", mean, like("SCALE", deviation))))


def _modalities(plan: Plan, x: Tensor) -> Tensor:
    inner = like("SCALE", norm(plan, x, "altup_router_norm"))
    return like("UNARY", mul_mat(plan.weight("altup_router.weight"), inner))


def _predicted(plan: Plan, x: Tensor) -> Tensor:
    count = _streams(plan)
    coefficients = linear(plan, "altup_predict_coef", _modalities(plan, _slice(x)))
    coefficients = reshape(coefficients, count, count, plan.tokens)
    turned = cont(permute(x, 1, 2, 0, 3))
    y = cont(permute(mul_mat(turned, coefficients), 0, 2, 1, 3))
    return like("ADD", y, x)


def _corrected(plan: Plan, predicted: Tensor, active: Tensor) -> Tensor:
    count = _streams(plan)
    modalities = _modalities(plan, active)
    change = like("SUB", active, _slice(predicted))
    coefficients = like("SCALE", linear(plan, "altup_correct_coef", modalities))
    coefficients = cont(transpose(coefficients), 1, plan.tokens, count)
    change = make("REPEAT", "f32", (plan.width, plan.tokens, count), change)
    return like("ADD", like("MUL", change, coefficients), predicted)
