"""Which environment variables may be read, ours or a server's, and how their values are cleaned."""

import re
from collections.abc import Mapping

from doctor.secret_names import is_secret
from doctor.text import one_line

# An allow-list: whatever is not named here never enters a report.
PREFIXES = ("OLLAMA_", "LLAMA_ARG_", "GGML_", "VLLM_", "CUDA_", "HIP_", "ROCR_", "HSA_", "MTL_", "ONEAPI_")
NAMES = frozenset(
    {
        "GPU_DEVICE_ORDINAL",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "LLAMA_CACHE",
        "LLAMA_SERVER_ROUTER_PORT",
        "NVIDIA_VISIBLE_DEVICES",
        "OMP_NUM_THREADS",
        "OPENAI_API_BASE",
        "OPENAI_BASE_URL",
        "PORT",
    }
)
MASK = "***"
# user:password@ in an address; what stands before the @ is never shown
IN_ADDRESS = re.compile(r"(\w+://)[^/@\s]*@")
MAX_CHARACTERS = 300
MAX_VARIABLES = 200


def allowed(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that matter here, cleaned, secrets left out and credentials in addresses masked."""
    kept = {name: clean(value) for name, value in sorted(environment.items()) if _is_allowed(name)}
    return dict(list(kept.items())[:MAX_VARIABLES])


def clean(value: str) -> str:
    """A value on one line, without control characters and without credentials in addresses."""
    return IN_ADDRESS.sub(rf"\1{MASK}@", one_line(value, MAX_CHARACTERS))


def _is_allowed(name: str) -> bool:
    upper = name.upper()
    return (upper in NAMES or upper.startswith(PREFIXES)) and not is_secret(upper)
