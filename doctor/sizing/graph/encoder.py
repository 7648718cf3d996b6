"""Blocks of models that make embeddings of whole texts: BERT and its kin, normed after each part.

Follows llama.cpp `src/models/bert.cpp` and `build_pooling` in `src/llama-graph.cpp` (b10566).
"""

from doctor.sizing.graph.attention import attend_within, projections
from doctor.sizing.graph.families import LAYER
from doctor.sizing.graph.parts import feed_forward, mixture, norm
from doctor.sizing.graph.plan import Plan
from doctor.sizing.graph.tensor import Tensor, cont, get_rows, input_leaf, like, mul_mat, transpose, view

MEAN, FIRST, LAST = 1, 2, 3  # values of `pooling_type`


def start(plan: Plan, x: Tensor) -> Tensor:
    """Token types and positions are added to the embedding, which is normed."""
    if "token_types.weight" in plan.shape.outside:
        types = plan.outside("token_types.weight", plan.cpu)
        x = like("ADD", x, view(types, (plan.width,)))
    if "position_embd.weight" in plan.shape.outside:
        x = like("ADD", get_rows(plan.outside("position_embd.weight", plan.cpu), plan.positions()), x)
    return x


def encoder_block(plan: Plan, x: Tensor) -> Tensor:
    """One block."""
    q, k, v = projections(plan, x)
    if plan.family.rope == "all":
        q, k = like("ROPE", q, plan.positions()), like("ROPE", k, plan.positions())
    mixed = attend_within(plan, q, k, v)
    if plan.last:
        mixed, x = get_rows(mixed, plan.output_rows()), get_rows(x, plan.output_rows())
    middle = norm(plan, like("ADD", mixed, x), "attn_output_norm", LAYER)
    if plan.has("ffn_gate_inp.weight"):
        y = mixture(plan, middle, plan.family.mixture)
    else:
        y = feed_forward(plan, middle, plan.family.act)
    return norm(plan, like("ADD", y, middle), "layer_output_norm", LAYER)


def finish(plan: Plan, x: Tensor) -> None:
    """Embeddings of tokens, and of each text where they are pooled."""
    x.is_output = True
    plan.graph.expand(x)
    kind = plan.shape.number("pooling_type")
    if kind == MEAN:
        x = mul_mat(cont(transpose(x)), input_leaf("f32", plan.tokens, plan.slots))
    elif kind in (FIRST, LAST):
        x = get_rows(x, input_leaf("i32", plan.slots))
    x.is_output = True
    plan.graph.expand(x)
