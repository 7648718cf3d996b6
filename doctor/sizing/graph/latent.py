"""Attention over compressed keys and values (DeepSeek, GLM, Kimi).

Follows the attention in llama.cpp `src/models/deepseek2.cpp` and `build_attn` over `llm_graph_input_attn_k` (b10566).
"""

from doctor.sizing.graph.attention import attend, cache_of, compressed, mix, rows
from doctor.sizing.graph.parts import linear, norm
from doctor.sizing.graph.plan import Plan
from doctor.sizing.graph.tensor import Tensor, concat, cont, like, make, mul_mat, permute, reshape, set_rows, view


def latent_attention(plan: Plan, x: Tensor, *, roped: bool = True) -> Tensor:
    """Queries meet compressed keys in the cache; older files have no absorbed matrices and are expanded."""
    layer, shape, tokens = plan.layer, plan.shape, plan.tokens
    turning = shape.number("rope.dimension_count")
    length = shape.number("attention.key_length_mla") or shape.number("attention.key_length")
    rank = shape.number("attention.kv_lora_rank")
    q = _queries(plan, x)
    row = 4 * length
    plain_q = view(q, (length - turning, layer.heads, tokens), (row, row * layer.heads))
    roped_q = view(q, (turning, layer.heads, tokens), (row, row * layer.heads))
    both = mul_mat(plan.weight("attn_kv_a_mqa.weight"), x)
    packed = view(both, (rank, tokens), (both.nb[1],))
    roped_k = view(both, (turning, 1, tokens), (both.nb[1], both.nb[1]))
    if roped:
        roped_q, roped_k = plan.rope(roped_q), plan.rope(roped_k)
    packed = norm(plan, packed, "attn_kv_a_norm")
    if not shape.mla_rank:
        return _expanded(plan, plain_q, roped_q, packed, roped_k, length - turning)
    absorbed = mul_mat(plan.weight("attn_k_b.weight"), permute(plain_q, 0, 2, 1, 3))
    q = concat(permute(absorbed, 0, 2, 1, 3), roped_q, 0)
    packed = reshape(packed, rank, 1, tokens)
    k = concat(packed, roped_k, 0)
    if shape.says("attention.temperature_scale"):
        q = like("MUL", q, plan.input("temperature", "f32", 1, 1, tokens))
    return _over_keys(plan, q, k, packed)


def _queries(plan: Plan, x: Tensor) -> Tensor:
    if plan.has("attn_q.weight"):
        return mul_mat(plan.weight("attn_q.weight"), x)
    q = norm(plan, mul_mat(plan.weight("attn_q_a.weight"), x), "attn_q_a_norm")
    return mul_mat(plan.weight("attn_q_b.weight"), q)


def _over_keys(plan: Plan, q: Tensor, k: Tensor, packed: Tensor) -> Tensor:
    """The compressed keys in the cache are the values as well."""
    cache = plan.cache(plan.layer.reads)
    for made in (q, packed, k):
        plan.graph.expand(made)
    plan.graph.expand(set_rows(cache_of(plan, k.ne[0], cache), rows(k), cache.k_places))
    keys, values = compressed(plan, cache)
    found = mix(plan, q, keys, values, cache.mask, decompress=plan.weight("attn_v_b.weight"))
    return linear(plan, "attn_output", found)


def _expanded(plan: Plan, plain_q: Tensor, roped_q: Tensor, packed: Tensor, roped_k: Tensor, plain: int) -> Tensor:
    """All heads' keys and values are made again from the compressed ones before they go into the cache."""
    layer, tokens = plan.layer, plan.tokens
    both = mul_mat(plan.weight("attn_kv_b.weight"), packed)
    row = 4 * (plain + layer.v_length)
    k = view(both, (plain, layer.heads, tokens), (row, row * layer.heads))
    v = cont(view(both, (layer.v_length, layer.heads, tokens), (row, row * layer.heads)))
    q = concat(plain_q, roped_q, 0)
    k = concat(k, make("REPEAT", "f32", roped_q.ne, roped_k), 0)
    return attend(plan, q, k, v)
