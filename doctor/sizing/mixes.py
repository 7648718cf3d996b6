"""What a model would take in another quantisation: each tensor of its header in the type that llama.cpp would choose.

A name such as Q4_K_M is a mix: values of attention and down projections of some blocks get more bits than the rest. The
rules are in `mixes.csv`, read in llama.cpp `src/llama-quant.cpp` at 3f545bec (`llama_tensor_get_type_impl`), without an
importance matrix. A file that somebody made with rules of their own ("UD", "XL") differs by some per cent.
"""

import csv
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from doctor.sizing.blocks import BLOCKS
from doctor.sizing.header import Header, Tensor

TABLE = Path(__file__).with_name("mixes.csv")
TYPE_IDS = {block.name: type_id for type_id, block in BLOCKS.items()}
# Stay as they are: small, or read by kernels that know no other type.
KEPT = (
    *("_norm.weight", "ffn_gate_inp.weight", "ffn_gate_tid2eid", "altup", "laurel", "per_layer_model_proj"),
    *("ssm_conv1d", "shortconv.conv.weight", "time_mix_", "attn_rel_b.weight", "position_embd", "token_types"),
)
ROLES = (
    ("attn_qkv.weight", "value"),
    ("attn_kv_b.weight", "value"),
    ("attn_v.weight", "value"),
    ("attn_k.weight", "key"),
    ("attn_output.weight", "out"),
    ("ffn_down", "down"),
)
# Rows that are no multiple of a block's length take this type instead.
FALLBACKS = {"Q2_K": "Q4_0", "Q3_K": "Q4_0", "Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0", "IQ4_XS": "IQ4_NL"}
# Mixtral and its like, and the 80-block Llamas, whose small matrices are worth more bits.
EIGHT_EXPERTS, LAYERS_OF_70B = 8, 80

When = Callable[[int, int, int], bool]
# Block, number of blocks, heads that share one value head -> whether the rule holds.
CONDITIONS: dict[str, When] = {
    "": lambda block, blocks, shared: True,
    "more-bits": lambda block, blocks, shared: (
        block < blocks // 8 or block >= 7 * blocks // 8 or (block - blocks // 8) % 3 == 2
    ),
    "first-2": lambda block, blocks, shared: block < 2,
    "first-4": lambda block, blocks, shared: block < 4,
    "first-eighth": lambda block, blocks, shared: block < blocks // 8,
    "first-sixteenth": lambda block, blocks, shared: block < blocks // 16,
    "shared-by-4": lambda block, blocks, shared: shared >= 4,
}


class Rule(msgspec.Struct, frozen=True):
    """One row of the table."""

    role: str
    when: str
    type: str


@cache
def mixes() -> dict[str, tuple[Rule, ...]]:
    """The rules by the mix's name, largest mix first; of several that hold the last one counts."""
    found: dict[str, tuple[Rule, ...]] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["mix"]] = (*found.get(row["mix"], ()), Rule(row["role"], row["when"], row["type"]))
    return found


class Entry(NamedTuple):
    """A tensor with what the rules ask of it: its role, which of that role it is, and of how many.

    `head`: it makes the logits. `kept`: no mix changes its type.
    """

    tensor: Tensor
    role: str
    seen: int
    total: int
    head: bool
    kept: bool


class Original(NamedTuple):
    """A header sorted out once for all mixes. `shared`: query heads that share one value head."""

    header: Header
    entries: tuple[Entry, ...]
    shared: int
    experts: Any  # as the header says it, which may be no number
    blocks: Any


def sorted_out(header: Header) -> Original:
    """What the rules of every mix go by."""
    tied = not any(tensor.name == "output.weight" for tensor in header.tensors)
    heads = ("output.weight", "token_embd.weight") if tied else ("output.weight",)
    ordered = sorted(header.tensors, key=lambda tensor: _block(tensor.name))
    roles = [_role(tensor.name) for tensor in ordered]
    totals, counted = Counter(roles), Counter[str]()
    entries = []
    for tensor, role in zip(ordered, roles, strict=True):
        entries.append(Entry(tensor, role, counted[role], totals[role], tensor.name in heads, _is_kept(tensor)))
        counted[role] += 1
    own = header.own
    return Original(header, tuple(entries), _heads_per_value(header), own("expert_count"), own("block_count"))


def in_mix(original: Original | Header, mix: str) -> Header:
    """The same header with the types that quantising the original to `mix` would give; `size_bytes` is estimated."""
    if isinstance(original, Header):
        original = sorted_out(original)
    header = original.header
    changed = [
        entry.tensor if entry.kept else _typed(entry.tensor, _type(original, entry, mix)) for entry in original.entries
    ]
    size = header.size_bytes + sum((t.bytes or 0) for t in changed) - sum((t.bytes or 0) for t in header.tensors)
    return msgspec.structs.replace(header, tensors=tuple(changed), size_bytes=size)


def _is_kept(tensor: Tensor) -> bool:
    return len(tensor.shape) < 2 or not tensor.name.endswith("weight") or any(part in tensor.name for part in KEPT)


def _type(original: Original, entry: Entry, mix: str) -> str:
    """The type of a tensor in a mix."""
    rules = mixes()[mix]
    chosen = rules[0].type
    if entry.head:
        return _fitting(entry.tensor.shape[0], chosen if chosen == "Q8_0" else "Q6_K")
    for rule in rules[1:]:
        if rule.role == entry.role and CONDITIONS[rule.when](entry.seen, entry.total, original.shared):
            chosen = rule.type
    return _fitting(entry.tensor.shape[0], _special(original, entry.role, chosen))


def _special(original: Original, role: str, chosen: str) -> str:
    """More bits where a model's build makes them cheap."""
    if original.experts == EIGHT_EXPERTS and role in ("value", "key"):
        return "Q8_0"
    if original.experts == EIGHT_EXPERTS and role == "out" and chosen in ("Q2_K", "Q3_K", "Q4_K", "IQ4_XS"):
        return "Q5_K"
    if role == "value" and original.blocks == LAYERS_OF_70B and chosen in ("Q3_K", "Q4_K"):
        return "Q5_K"
    return chosen


def _fitting(columns: int, chosen: str) -> str:
    """A type whose blocks divide the rows."""
    for name in (chosen, FALLBACKS.get(chosen, "")):
        if name and columns % BLOCKS[TYPE_IDS[name]].elements == 0:
            return name
    return "F16"


def _typed(tensor: Tensor, name: str) -> Tensor:
    return Tensor(tensor.name, tensor.shape, TYPE_IDS[name], tensor.offset)


def _role(name: str) -> str:
    return next((role for part, role in ROLES if part in name), "")


def _block(name: str) -> int:
    parts = name.split(".", 2)
    return int(parts[1]) if parts[0] == "blk" and parts[1].isdecimal() else -1


def _heads_per_value(header: Header) -> int:
    """Query heads that share one value head (grouped-query attention), 1 when the header does not say."""
    heads, values = (_most(header.own(f"attention.{key}")) for key in ("head_count", "head_count_kv"))
    return heads // values if heads and values else 1


def _most(value: object) -> int:
    numbers = value if isinstance(value, list) else [value]
    return max((number for number in numbers if isinstance(number, int)), default=0)
