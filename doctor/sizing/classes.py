"""Classes of devices: which share of the bandwidth healthy stacks reach, and what a layer costs beside it.

Fitted on measurements of llama.cpp and what is built on it (2024 to 2026) on 77 devices; each number is that of a
mechanism and rounded, none belongs to a single device. `scripts/bench_sizing.py` prints how well they predict.
"""

import re

import msgspec

from doctor.sizing.hardware import find


class Class(msgspec.Struct, frozen=True, kw_only=True):
    """What a class of devices reaches.

    eta: share of the bandwidth for weights; `cache`: the same for the KV cache, whose rows are short and scattered.
    tau_s: launches and synchronisation of a layer; `expert_tau_s` is added for one with experts, whose choice and
    gathering take more launches. hop_s: handing over to the next of several devices. slow and very_slow: shares of the
    prediction below which 5 % and hardly any of the healthy machines lie. prefill: usual share of the FP16 matrix
    throughput that a prompt of 512 to 2048 tokens reaches.
    """

    eta: float
    cache: float
    tau_s: float
    expert_tau_s: float = 0.0
    hop_s: float = 0.0002
    slow: float
    very_slow: float
    prefill: float = 0.0


CUDA = Class(eta=0.84, cache=0.75, tau_s=50e-6, hop_s=150e-6, slow=0.75, very_slow=0.45, prefill=0.33)
AMD = Class(eta=0.86, cache=0.62, tau_s=70e-6, expert_tau_s=30e-6, slow=0.70, very_slow=0.40, prefill=0.28)
CLASSES = {
    "cuda": CUDA,
    # Power is capped: the same with 0.85 of the limits.
    "cuda_laptop": msgspec.structs.replace(CUDA, slow=0.64, very_slow=0.38),
    # Pascal and older compute too slowly to unpack quantised weights at the speed of their memory, see `reached`.
    # K-quants of two and three bits take twice the operations of four.
    "cuda_old": Class(eta=0.42, cache=0.42, tau_s=120e-6, slow=0.48, very_slow=0.30, prefill=0.14),
    # Small ARM cores launch slowly, and LPDDR is shared with them.
    "cuda_jetson": Class(eta=0.65, cache=0.50, tau_s=300e-6, slow=0.60, very_slow=0.35, prefill=0.20),
    "cuda_hbm": Class(eta=0.62, cache=0.50, tau_s=104e-6, hop_s=500e-6, slow=0.70, very_slow=0.42, prefill=0.25),
    "metal": Class(eta=0.88, cache=0.50, tau_s=110e-6, expert_tau_s=60e-6, slow=0.70, very_slow=0.40, prefill=0.61),
    # Fewer operations for each byte than later chips; builds before mid 2025 reach little more than half.
    "metal_m1": Class(eta=0.82, cache=0.45, tau_s=170e-6, expert_tau_s=60e-6, slow=0.55, very_slow=0.35, prefill=0.61),
    "other": AMD,
    # Launches recorded once and sent at once; attention far back is quicker than ROCm's.
    "vulkan": msgspec.structs.replace(AMD, eta=0.84, cache=0.70, tau_s=35e-6, expert_tau_s=45e-6, prefill=0.22),
    "rocm": msgspec.structs.replace(AMD, eta=0.90, cache=0.55, tau_s=95e-6, expert_tau_s=20e-6, prefill=0.35),
    "intel": Class(eta=0.72, cache=0.50, tau_s=200e-6, expert_tau_s=60e-6, slow=0.60, very_slow=0.35, prefill=0.20),
    "cpu": Class(eta=0.58, cache=0.45, tau_s=140e-6, slow=0.42, very_slow=0.25),
}
# FP32 operations that Pascal spends for each byte of 4-bit weights: 49 on a GTX 1050 Ti, 45 on a Tesla P40.
OLD_FLOP_PER_BYTE = 47
OLD_MOST = 0.84  # of the bandwidth, as on later cards

HBM = re.compile(r"\b(?:[ABHV][123]00|[AH]800|H20|GH200|GB[23]00|A30)(?!\d)")
JETSON = re.compile(r"\b(?:Orin|Xavier|Thor|Tegra|Jetson)\b")
PASCAL_OR_OLDER = re.compile(r"\b(?:GTX? (?:[5-9]\d\d|10\d\d)|GeForce [89]\d\d|MX\d+|TITAN X|(?:Tesla|Quadro) [KMP]\d)")
LAPTOP = re.compile(r"laptop|max-q|mobile", re.IGNORECASE)


def reached(kind: str, bandwidth_bytes_s: float, fp32_flop_s: float = 0.0) -> float:
    """Bytes of weights a second that a device of this class reads; `fp32_flop_s` bounds an old card where known."""
    if kind == "cuda_old" and fp32_flop_s:
        return min(OLD_MOST * bandwidth_bytes_s, fp32_flop_s / OLD_FLOP_PER_BYTE)
    return CLASSES[kind].eta * bandwidth_bytes_s


def kind_on(kind: str, backend: str) -> str:
    """The class of an AMD device with the backend that is known to run on it; any other device keeps its own."""
    return backend if kind == "other" and backend in ("vulkan", "rocm") else kind


def kind_of(name: str, vendor: str) -> str:
    """The class, as a key of `CLASSES`, of a GPU that a driver names; `vendor` is "nvidia", "amd", "intel", "apple"."""
    listed = find(name)
    if vendor == "apple":
        return listed.kind if listed and listed.kind.startswith("metal") else "metal"
    if vendor != "nvidia":
        return "intel" if vendor == "intel" else "other"
    if listed and listed.kind.startswith("cuda"):
        return listed.kind
    if JETSON.search(name):
        return "cuda_jetson"
    if HBM.search(name):
        return "cuda_hbm"
    if PASCAL_OR_OLDER.search(name):
        return "cuda_old"
    return "cuda_laptop" if LAPTOP.search(name) else "cuda"
