"""The whole graph of a model: the embedding, the blocks, the head.

Follows `build_inp_embd` and the ends of the graph builders in llama.cpp `src/models/*.cpp` (b10566).
"""

from collections.abc import Callable

from doctor.sizing.graph import decoder, encoder, gemma, rwkv
from doctor.sizing.graph.plan import Plan
from doctor.sizing.graph.tensor import Tensor, cont, get_rows, like, mul_mat, set_rows, view

BLOCKS: dict[str, Callable[[Plan, Tensor], Tensor]] = {
    "usual": decoder.block,
    "encoder": encoder.encoder_block,
    "rwkv": rwkv.rwkv_block,
    "gemma3n": gemma.gemma3n_block,
    "gemma4": gemma.gemma4_block,
}


def build(plan: Plan) -> None:
    """Put the graph together."""
    x = _start(plan, _embedding(plan))
    plan.graph.end_part()
    make_block = BLOCKS[plan.family.blocks]
    for index, number in enumerate(plan.numbers):
        plan.enter(index, number)
        x = make_block(plan, x)
        plan.graph.end_part()
    _end(plan, x)
    plan.graph.end_part()


def _end(plan: Plan, x: Tensor) -> None:
    """What comes after the last block."""
    if plan.family.headless:
        if plan.family.blocks == "usual":
            x = _norm(plan, x, plan.family.output_norm, plan.family.norm, plan.head_home)
        encoder.finish(plan, x)
    else:
        _head(plan, gemma.join_streams(plan, x) if plan.family.blocks == "gemma3n" else x)


def _embedding(plan: Plan) -> Tensor:
    """Rows of the token embedding, and the place for embedded input that may come instead of them."""
    deep = plan.shape.number("n_deepstack_layers")
    width = plan.width * (1 + deep)
    x = get_rows(plan.outside("token_embd.weight", plan.cpu), plan.input("tokens", "i32", plan.tokens))
    mixed = _mixed_rows(plan) if plan.mixes else None
    if mixed:
        plan.graph.expand(x)
        plan.graph.expand(mixed)
    if deep:
        x = Tensor("PAD", "f32", (width, plan.tokens, 1, 1), [x])
        plan.inputs["deep"] = x
    plan.graph.expand(x)
    plan.graph.expand(plan.input("embedded", "f32", width, plan.tokens))
    if mixed:
        if deep:
            mixed = Tensor("PAD", "f32", (width, plan.tokens, 1, 1), [mixed])
        held = like("DUP", plan.input("mixed embedded", "f32", width, plan.tokens))
        plan.graph.expand(set_rows(held, mixed, plan.input("mixed places", "i64", plan.tokens)))
    if deep:
        x = view(x, (plan.width, plan.tokens), (x.nb[1],))
    if plan.family.always_scaled or plan.shape.says("embedding_scale"):
        x = like("SCALE", x if x.contiguous else cont(x))
    plan.graph.expand(x)
    return x


def _mixed_rows(plan: Plan) -> Tensor:
    """Rows for the tokens of a batch that has embeddings as well."""
    return get_rows(plan.outside("token_embd.weight", plan.cpu), plan.input("mixed tokens", "i32", plan.tokens))


def _start(plan: Plan, x: Tensor) -> Tensor:
    """What families do with the embedding before the first block."""
    family, width = plan.family, plan.shape.number("embedding_length_per_layer_input")
    if family.scaled_embedding:
        x = like("SCALE", x)
    if family.blocks == "encoder":
        x = encoder.start(plan, x)
    elif "position_embd.weight" in plan.shape.outside:
        x = like("ADD", x, get_rows(plan.outside("position_embd.weight", plan.cpu), plan.positions()))
    if family.normed_embedding or family.blocks == "encoder":
        x = _norm(plan, x, "token_embd_norm", "NORM", plan.placement[0], pinned=True)
    if "per_layer_token_embd.weight" in plan.shape.outside:
        plan.inputs["per layer"] = gemma.per_layer_inputs(plan, x, width)
    return gemma.start_streams(plan, x) if family.blocks == "gemma3n" else x


def _head(plan: Plan, x: Tensor) -> None:
    """The last norm and the output head."""
    family, shape = plan.family, plan.shape
    if family.kept == "hidden":
        x.is_output = True
    if family.late_outputs and family.kept != "normed":
        x = get_rows(x, plan.output_rows())
    x = _norm(plan, x, family.output_norm, family.norm, plan.head_home)
    if family.kept == "normed":
        x.is_output = True
        if family.late_outputs:
            x = get_rows(x, plan.output_rows())
    x.is_output = True
    if family.scaled_hidden:
        x = like("SCALE", x)
    name = "output.weight" if "output.weight" in shape.outside else "token_embd.weight"
    logits = mul_mat(plan.outside(name, plan.head_home), x)
    if "output.bias" in shape.outside:
        logits = like("ADD", logits, plan.outside("output.bias", plan.head_home))
    if family.scaled_logits and (family.always_scaled or shape.says("logit_scale")):
        logits = like("SCALE", logits)
    if family.capped == "always" or (family.capped and shape.says("final_logit_softcapping")):
        logits = like("SCALE", like("UNARY", like("SCALE", logits)))
    logits.is_output = True
    plan.graph.expand(logits)


def _norm(plan: Plan, x: Tensor, name: str, kind: str, home: int, *, pinned: bool = False) -> Tensor:
    """A norm outside the blocks."""
    y = like(kind, x)
    if pinned and plan.pin_norms:
        y.backend = plan.placement[0]
    if f"{name}.weight" in plan.shape.outside:
        y = like("MUL", y, plan.outside(f"{name}.weight", home))
    if f"{name}.bias" in plan.shape.outside:
        y = like("ADD", y, plan.outside(f"{name}.bias", home))
    return y
