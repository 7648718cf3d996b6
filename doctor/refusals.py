"""Words with which servers, allocators and drivers refuse a request for want of memory."""

# Lower case. Ollama (fb30760), llama.cpp and ggml (0c1e57098), CUDA, HIP, Vulkan and Metal drivers, PyTorch, MLX.
OUT_OF_MEMORY = (
    "requires more system memory",
    "out of memory",
    "out-of-memory",
    "outofmemory",
    "cudamalloc failed",
    "hipmalloc failed",
    "insufficient memory",
    "failed to allocate",
    "unable to allocate",
    "erroroutofdevicememory",
    "error_out_of_device_memory",
    "insufficient system resources",
)


def out_of_memory(text: str) -> bool:
    """Whether a refusal speaks of memory that is missing."""
    said = text.lower()
    return any(phrase in said for phrase in OUT_OF_MEMORY)
