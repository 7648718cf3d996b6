"""Lines as model servers, drivers and tools print them, without anything in them that must be hidden."""
# ruff: noqa: E501

from itertools import product

MODELS = (
    "llama3.1:8b-instruct-q4_K_M", "Qwen2.5-Coder-32B-Instruct-Q4_K_M.gguf", "mistralai/Mistral-7B-Instruct-v0.3",
    "deepseek-r1:14b-qwen-distill-q8_0", "bartowski/Meta-Llama-3.1-70B-Instruct-GGUF", "gemma-3-27b-it-qat-q4_0",
    "unsloth/gpt-oss-20b-GGUF:Q8_0", "hf.co/TheBloke/phi-2-GGUF:Q5_K_S", "nomic-embed-text:v1.5", "qwen2.5-7b@q4_k_m",
    "mlx-community/Qwen3-30B-A3B-4bit", "NousResearch/Hermes-3-Llama-3.1-8B", "Phi-3.5-mini-instruct.Q6_K.gguf",
    "text-embedding-nomic-embed-text-v1.5@q8_0", "SmolLM2-135M-Instruct-f16-00001-of-00003.gguf",
)  # fmt: skip
VERSIONS = (
    "0.12.3",
    "0.32.15-rc1",
    "b6432",
    "v0.6.4.post1",
    "535.183.01",
    "12.4.131",
    "6.8.0-45-generic",
    "1.2.3.4",
    "6432 (3f1a9c07)",
)
SIZES = (
    "4.58 GiB",
    "8192 MiB",
    "128256",
    "7.24 B",
    "512.00 MiB",
    "4096",
    "16384",
    "0.37",
    "61.2 tok/s",
    "18446744073709551615",
)
FLAGS = (
    "--ctx-size 8192 --n-gpu-layers 99", "--flash-attn on --cache-type-k q8_0", "-ngl 33 -c 4096 -t 8 --mlock", "--max-model-len 32768",
    "--tensor-parallel-size 2 --gpu-memory-utilization 0.92", "--api-key-file keys.txt --ssl-key-file server.pem", "--host 0.0.0.0 --port 8080",
    "--chat-template chatml --jinja", "--tool-call-parser hermes --enable-auto-tool-choice", "--override-kv tokenizer.ggml.add_bos_token=bool:false",
    "--max-num-batched-tokens 8192 --tokenizer-mode auto", "--api-key EMPTY --served-model-name default", "--key-length 128 --max-tokens 256",
)  # fmt: skip
WITH_MODEL = (
    "llama_model_loader: loaded meta data with 33 key-value pairs and 291 tensors from {} (version GGUF V3 (latest))",
    'time=2026-11-02T09:12:01.113Z level=INFO source=sched.go:714 msg="loading model" model={} parallel=1',
    "NAME {} SIZE 5.5 GB PROCESSOR 37%/63% CPU/GPU CONTEXT 4096 UNTIL 4 minutes from now",
    "POST /v1/chat/completions model={} prompt_tokens=812 completion_tokens=96 token_rate=41.3",
    "FROM {} PARAMETER num_ctx 8192 PARAMETER stop <|im_end|> TEMPLATE chatml",
    "error: model '{}' not found, try pulling it first",
    "hf download {} --local-dir models",
)
WITH_VERSION = (
    "ollama version is {}", "llama-server: build {} with cc (GCC) 14.2.0 for x86_64-linux-gnu", "Driver Version: {} CUDA Version: 12.4",
    "INFO vLLM API server version {}", "kernel {} on linux/amd64", "runtime {} -> {}", "User-Agent: OpenAI/Python {}", "libcudart.so.{}",
    "rocm release {}",
)  # fmt: skip
WITH_SIZE = (
    "llm_load_print_meta: model size = {}", "llama_context: KV self size = {}, K (f16): 256.00 MiB", "print_info: n_vocab = {}",
    "prompt eval time = 812.40 ms / 128 tokens ( 6.35 ms per token, {} )", "available RAM: {}", "max_tokens: {}", "num_predict={}",
    "tokenizer.ggml.bos_token_id u32 = {}", "llama.attention.key_length u32 = {}", "cached_tokens {} of prompt_tokens 900",
    "next token: {}", "eos_token={} pad_token={}", "token limit reached: {}",
)  # fmt: skip
FIXED = (
    "llama_model_loader: - kv   0: general.architecture str = llama",
    "llama_model_loader: - kv  21: tokenizer.ggml.tokens arr[str,128256] = [\"!\", \"\\\"\", \"#\", ...]",
    "load_tensors: offloaded 33/33 layers to GPU", "CUDA0 compute buffer size = 560.00 MiB", "ggml_cuda_init: found 2 CUDA devices:",
    "  Device 0: NVIDIA GeForce RTX 4090, compute capability 8.9, VMM: yes", "srv  update_slots: all slots are idle",
    "main: server is listening on http://127.0.0.1:8080 - starting the main loop", "Listening on [::]:11434 (version 0.12.3)",
    "GET /api/tags 200 | 1.2ms | 127.0.0.1 | 172.17.0.1", "proxy: none for http://localhost:11434, NO_PROXY=localhost,127.0.0.1,::1",
    "curl http://host.docker.internal:11434/api/version", "bind: address 0.0.0.0:11434 already in use", "fe80::1%eth0 link-local, MTU 1500",
    "digest 8eeb52dfb3bb9aefdf9d1ef24b3bdbcfbe82238798c4b918278320b6fcef18fe", "commit 3f1a9c07d2be41a6c0b7f1d3e8a95b6c4d2e1f00",
    "std::vector<ggml_tensor*>::at: a::b out of range", "_ZN13llama_context6decodeERK11llama_batch at llama-context.cpp:1021",
    "terminate called after throwing an instance of 'std::runtime_error'", "GGML_ASSERT(n_tokens <= n_batch) failed",
    "00000000:01:00.0 Off | 18562MiB / 24564MiB | 97% Default", "PCIe Gen4 x16, bus 0000:01:00.0", "2026-11-02 09:12:01,113 - INFO - ready",
    "TOKENIZERS_PARALLELISM=false OMP_NUM_THREADS=8", "CUDA_VISIBLE_DEVICES=0,1 GGML_CUDA_ENABLE_UNIFIED_MEMORY=1",
    "OLLAMA_HOST=0.0.0.0:11434 OLLAMA_NUM_PARALLEL=4 OLLAMA_KV_CACHE_TYPE=q8_0", "<|im_start|>system<|im_end|> special tokens: bos_token=<s>",
    "check credentials: passed, 0 requests", "the server asks for a key and none was given (401)", "Authorization header missing",
    "authentication: api_key=none required", "pass --api-key-file FILE to send a key", "password authentication is not used here",
    "secret: not set", "tokens: 128 in, 96 out, token type count 2", "finish_reason: length, stop token: <|eot_id|>",
    "/usr/local/bin/ollama runner --ollama-engine --model /usr/share/ollama/.ollama/models/blobs/sha256-8eeb52dfb3bb9aefdf9d1ef24b3bdbcfbe82238798c4b918278320b6fcef18fe",
    "chat template: {% for message in messages %}{{ '<|im_start|>' + message['role'] }}{% endfor %}",
    "models: https://huggingface.co/Qwen/Qwen2.5-7B-Instruct-GGUF/resolve/main/qwen2.5-7b-instruct-q4_k_m.gguf",
    "see https://github.com/ggml-org/llama.cpp/blob/master/docs/build.md", "docker.io/ollama/ollama:0.12.3-rocm", "ghcr.io/ggml-org/llama.cpp:server-cuda",
    "AMD Ryzen 9 7950X3D 16-Core Processor, avx512_vbmi2 avx512_vpopcntdq", "Apple M3 Max, 14 performance cores, Metal family: MTLGPUFamilyApple9 (1009)",
    "rope_freq_base=1000000.0 rope_freq_scale=1 n_ctx_orig_yarn=32768", "ETA 00:12:30, 12:30:45 elapsed", "uptime 3 days, load average: 0.52, 0.58, 0.59",
)  # fmt: skip


def lines():
    """At least 500 lines."""
    found = [shape.format(model) for shape, model in product(WITH_MODEL, MODELS)]
    found += [shape.format(*[version] * shape.count("{}")) for shape, version in product(WITH_VERSION, VERSIONS)]
    found += [shape.format(*[size] * shape.count("{}")) for shape, size in product(WITH_SIZE, SIZES)]
    found += [f"/usr/bin/llama-server -m {model} {flags}" for model, flags in product(MODELS, FLAGS)]
    return [*dict.fromkeys([*found, *FIXED])]
