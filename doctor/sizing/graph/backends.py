"""What backends do differently: how they align, what they keep beside a result, which weights they fetch from the host.

Source of every row: llama.cpp b10566, the named functions of files under `ggml/src`.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from doctor.sizing.graph.tensor import Tensor
from doctor.sizing.settings import QUANTISED, Settings

STAGED_BATCH = 32  # tokens: from here on weights on the host are brought to the device (GGML_OP_OFFLOAD_MIN_BATCH)
F16, F32, I32 = 2, 4, 4
VECTOR_BATCH = 2  # tokens up to which CUDA's attention reads a quantised cache as it is
# Metal: rows and columns of the mask that one thread group takes, workgroups and the rows that they split.
METAL_ROWS, METAL_COLUMNS, METAL_GROUPS, METAL_SPLIT_ROWS = 8, 64, 32, 32


class Backend(NamedTuple):
    """A backend's rules; `scratch` gives the bytes beside a result, `staged` whether a node comes for its weights."""

    source: str
    alignment: int = 32
    scratch: Callable[[Tensor, Settings], int] | None = None
    staged: Callable[[Tensor], bool] | None = None
    has_host_buffers: bool = False  # weights on the host lie there rather than packed for the processor
    overlaps: bool = False  # several devices work on several batches at once


def _batch(node: Tensor) -> int:
    """Tokens that a node works on, 0 for looking up rows: `get_op_batch_size`."""
    if node.op == "GET_ROWS":
        return 0
    if node.op == "MUL_MAT":
        return node.ne[1]
    if node.op in ("MUL_MAT_ID", "ROPE"):
        return node.ne[2]
    return node.ne[1] * node.ne[2] * node.ne[3]


def _any_large(node: Tensor) -> bool:
    return _batch(node) >= STAGED_BATCH


def _large_product(node: Tensor) -> bool:
    return node.op in ("MUL_MAT", "MUL_MAT_ID") and _batch(node) >= STAGED_BATCH


def _halved(node: Tensor, settings: Settings, kinds: frozenset[str]) -> int:
    """Bytes of keys and values as half floats, where their types are among these."""
    keys, values = node.sources[1], node.sources[2]
    found = F16 * math.prod(keys.ne) if keys.home is not None and settings.kv_type_k in kinds else 0
    if values.home is not None and settings.kv_type_v in kinds:
        found += F16 * math.prod(values.ne)
    return found


def _cuda_scratch(node: Tensor, settings: Settings) -> int:
    """`ggml_cuda_flash_attn_ext_get_alloc_size`: a cache of other than half floats is made so for attention."""
    if node.op != "FLASH_ATTN_EXT" or node.sources[0].ne[1] <= VECTOR_BATCH:
        return 0
    return _halved(node, settings, QUANTISED | {"bf16"})


def _metal_scratch(node: Tensor, settings: Settings) -> int:
    """`ggml_backend_metal_buffer_type_get_alloc_size`."""
    if node.op == "MUL_MAT_ID":
        return I32 * node.sources[0].ne[2] * (1 + node.sources[2].ne[1])
    if node.op in ("ARGSORT", "CUMSUM"):
        return node.bytes
    if node.op != "FLASH_ATTN_EXT":
        return 0
    query, keys, values, mask = node.sources[:4]
    wide = QUANTISED if query.ne[1] >= STAGED_BATCH else frozenset()
    k_row = F16 * keys.ne[0] if settings.kv_type_k in wide else keys.nb[1]
    v_row = F16 * values.ne[0] if settings.kv_type_v in wide else values.nb[1]
    tail = k_row * keys.ne[2] * keys.ne[3] + v_row * values.ne[2] * values.ne[3] + F16 * math.prod(mask.ne[1:])
    marks = -(-mask.ne[0] // METAL_COLUMNS) * -(-query.ne[1] // METAL_ROWS) * mask.ne[2] * mask.ne[3]
    split = F32 * min(query.ne[1], METAL_SPLIT_ROWS) * query.ne[2] * query.ne[3] * METAL_GROUPS * (values.ne[0] + 2)
    return METAL_COLUMNS * tail + -(-marks // 32) * 32 + split + _halved(node, settings, QUANTISED | {"f16", "bf16"})


CUDA = Backend(
    source="ggml-cuda.cu: get_alignment, get_alloc_size, offload_op, get_host_buffer_type, caps",
    alignment=128,
    scratch=_cuda_scratch,
    staged=_any_large,
    has_host_buffers=True,
    overlaps=True,
)
BACKENDS: dict[str, Backend] = {
    "": Backend(source="ggml-rpc.cpp: none of the additions"),
    "cpu": Backend(source="ggml-cpu.cpp, ggml-backend.cpp: TENSOR_ALIGNMENT"),
    "cuda": CUDA,
    "rocm": CUDA,
    "vulkan": Backend(
        source="ggml-vulkan.cpp: get_alloc_size, offload_op, get_host_buffer_type, caps; 64 is the usual largest "
        "minStorageBufferOffsetAlignment",
        alignment=64,
        staged=_any_large,
        has_host_buffers=True,
        overlaps=True,
    ),
    "metal": Backend(
        source="ggml-metal.cpp: get_alignment, get_alloc_size, offload_op; ggml-metal-ops.cpp",
        scratch=_metal_scratch,
        staged=_large_product,
    ),
}


def packs(settings: Settings) -> bool:
    """Whether weights on the processor are packed for its tile unit."""
    return settings.amx and not BACKENDS[settings.backend].has_host_buffers
