"""How a server is started, as far as it decides what a model takes."""

import msgspec

PAD = 256  # llama.cpp pads the context to this many cells
# Bytes per element of a KV cache type.
KV_TYPES = {
    "f32": 4.0,
    "f16": 2.0,
    "bf16": 2.0,
    "q8_0": 34 / 32,
    "q5_1": 24 / 32,
    "q5_0": 22 / 32,
    "q4_1": 20 / 32,
    "q4_0": 18 / 32,
    "iq4_nl": 18 / 32,
}
QUANTISED = frozenset({"q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"})
READ_BUILD = 10566  # of llama.cpp, whose graphs are followed
# A newer build that was read: what it changed is taken to begin there. It keeps places for batches that mix tokens and
# embeddings, and has no caches for blocks that draft.
NEWER_BUILD = 11549
AS_STORED = "as stored"  # not quantised anew
BACKENDS = ("cuda", "metal", "rocm", "vulkan", "cpu")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the server is started. `context` in tokens, 0 = as trained; `gpu_layers` -1 = all.

    `outputs`: rows of logits that are reserved; None = one per ubatch token, as in all builds up to mid 2026.
    `build`: llama.cpp's number of the build. `backend`: one of `BACKENDS`, "" = none of the additions that only some
    backends make.
    """

    context: int = 4096
    slots: int = 1
    kv_unified: bool = False
    ubatch: int = 512
    kv_type_k: str = "f16"
    kv_type_v: str = "f16"
    flash_attention: bool = True
    swa_full: bool = False
    gpu_layers: int = -1
    outputs: int | None = None
    experts_on_cpu: bool = False
    cpu_moe_layers: int = 0  # leading layers whose experts are on the CPU (`--n-cpu-moe`)
    backend: str = ""
    devices: int = 1  # GPUs that share the layers
    projector_bytes: int = 0  # weights of the part that reads images
    build: int = READ_BUILD
    amx: bool = False  # the processor packs matrices for its tile unit (llama.cpp built with AMX)

    def experts_on_host(self, index: int) -> bool:
        """Whether the routed experts of this layer are on the CPU wherever the layer is."""
        return self.experts_on_cpu or index < self.cpu_moe_layers


def cells_and_streams(settings: Settings, trained_context: int) -> tuple[int, int]:
    """Context cells per stream and number of streams: one shared by all slots when unified."""
    context = pad(settings.context or trained_context)
    if settings.kv_unified or settings.slots == 1:
        return context, 1
    return pad(context // settings.slots), settings.slots


def layers_on_device(settings: Settings, count: int) -> tuple[int, bool]:
    """Repeating layers on the device, and whether the output head is: it counts as the last layer."""
    if settings.backend == "cpu":
        return 0, False
    if settings.gpu_layers < 0:
        return count, True
    return max(0, min(settings.gpu_layers - 1, count)), settings.gpu_layers > 0


def pad(tokens: int) -> int:
    """Tokens rounded up to whole blocks of cells."""
    return -(-tokens // PAD) * PAD
