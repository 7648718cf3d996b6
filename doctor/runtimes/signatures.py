"""By what each model server gives itself away: headers, words at its root, owners in its model list.

Sources: runtimes.md 1.3, recorded answers of llama-server, xllamacpp, vLLM, mlx-lm and transformers.
"""

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "ollama": "Ollama",
    "llama.cpp": "llama.cpp server",
    "ik_llama.cpp": "ik_llama.cpp server",
    "llamafile": "llamafile",
    "lmstudio": "LM Studio",
    "vllm": "vLLM",
    "sglang": "SGLang",
    "koboldcpp": "KoboldCpp",
    "mlx-lm": "mlx-lm server",
    "transformers": "transformers serve",
    "localai": "LocalAI",
    "llama-swap": "llama-swap",
    "docker-model-runner": "Docker Model Runner",
    "lemonade": "Lemonade",
    "tabbyapi": "TabbyAPI",
    "text-generation-webui": "text-generation-webui",
    "tgi": "text-generation-inference",
    "xinference": "Xinference",
    "gpustack": "GPUStack",
    "jan": "Jan",
    "openai": "OpenAI-compatible server",
}

# `owned_by` of /v1/models -> runtime. Ollama puts a namespace there, `library` for its own models.
OWNERS: Mapping[str, str] = {
    "llamacpp": "llama.cpp",
    "vllm": "vllm",
    "sglang": "sglang",
    "koboldcpp": "koboldcpp",
    "llama-swap": "llama-swap",
    "lemonade": "lemonade",
    "docker": "docker-model-runner",
    "tabbyapi": "tabbyapi",
    "user": "text-generation-webui",
    "organization_owner": "lmstudio",
}

# Beginning of the `Server` header, lower case -> runtime.
SERVER_HEADERS: Mapping[str, str] = {
    "ik_llama.cpp": "ik_llama.cpp",
    "llama.cpp": "llama.cpp",
    "llamafile": "llamafile",
    "koboldcpp": "koboldcpp",
    "concedollamaforkobold": "koboldcpp",
}

# Servers that answer Ollama's API as well.
OLLAMA_IMITATORS = frozenset({"koboldcpp", "localai", "lemonade", "docker-model-runner", "sglang", "llama-swap"})

# Model route of the OpenAI API where it is not /v1.
OPENAI_ROUTES: Mapping[str, str] = {"docker-model-runner": "/engines/v1"}

OLLAMA_ROOT = "Ollama is running"
SGLANG_ROOTS = ('"SGLang is running"', '"Ollama is running"')
DOCKER_ROOT = "Docker Model Runner is running"
LM_STUDIO_WORDS = "Unexpected endpoint or method."
# Words in a 503 that mean "not yet"; any other 503 means "not now".
LOADING_WORDS = ("loading model", "is loading", "starting")
