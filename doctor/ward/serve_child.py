"""What runs in the engine's child process: one llama.cpp server, which ends with its parent.

Standard library and xllamacpp only: the file is run by path, without the rest of the package. The first line on
stdin is a JSON object (`model` and the fields of `engine.Settings`); one JSON line on stdout says where the server
listens. When stdin closes, because the parent closed it or died, the process ends; so it does after `max_life_s`.
The words after the file's name are the same flags once more, for whoever looks at the process list.
"""

import contextlib
import functools
import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import xllamacpp

# llama.cpp's names of `llama_pooling_type`; xllamacpp takes the enum's members.
POOLING = {"mean": "LLAMA_POOLING_TYPE_MEAN", "cls": "LLAMA_POOLING_TYPE_CLS", "last": "LLAMA_POOLING_TYPE_LAST"}
USER_GRAMMAR = xllamacpp.common_grammar_type.COMMON_GRAMMAR_TYPE_USER
# llama-server's flags (as read at build 11549) -> the parameter and the value; a flag without a value is true here.
FLAGS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "--api-prefix": ("api_prefix", str),
    "--attention": ("attention_type", lambda word: enum("llama_attention_type", f"LLAMA_ATTENTION_TYPE_{word}")),
    "--batch-size": ("n_batch", int),
    "--cache-ram": ("cache_ram_mib", int),
    "--cache-type-k": ("cache_type_k", lambda word: enum("ggml_type", f"GGML_TYPE_{word}")),
    "--cache-type-v": ("cache_type_v", lambda word: enum("ggml_type", f"GGML_TYPE_{word}")),
    "--chat-template": ("chat_template", str),
    "--context-shift": ("ctx_shift", bool),
    "--cors-origins": ("cors_origins", str),
    "--ctx-size": ("n_ctx", int),
    "--dry-multiplier": ("sampling.dry_multiplier", float),
    "--grammar": ("sampling.grammar", lambda rule: xllamacpp.CommonGrammar(USER_GRAMMAR, rule)),
    "--ignore-eos": ("sampling.ignore_eos", bool),
    "--keep": ("n_keep", int),
    "--min-p": ("sampling.min_p", float),
    "--no-cache-prompt": ("cache_prompt", lambda given: not given),
    "--no-jinja": ("use_jinja", lambda given: not given),
    "--no-slots": ("endpoint_slots", lambda given: not given),
    "--predict": ("n_predict", int),
    "--presence-penalty": ("sampling.penalty_present", float),
    "--reasoning-budget": ("sampling.reasoning_budget_tokens", int),
    "--reasoning-format": (
        "reasoning_format",
        lambda word: enum("common_reasoning_format", f"COMMON_REASONING_FORMAT_{word}"),
    ),
    "--repeat-last-n": ("sampling.penalty_last_n", int),
    "--repeat-penalty": ("sampling.penalty_repeat", float),
    "--rope-freq-base": ("rope_freq_base", float),
    "--rope-freq-scale": ("rope_freq_scale", float),
    "--rope-scale": ("rope_freq_scale", lambda factor: 1.0 / float(factor)),
    "--rope-scaling": (
        "rope_scaling_type",
        lambda word: enum("llama_rope_scaling_type", f"LLAMA_ROPE_SCALING_TYPE_{word}"),
    ),
    "--skip-chat-parsing": ("force_pure_content_parser", bool),
    "--special": ("special", bool),
    "--temp": ("sampling.temp", float),
    "--top-k": ("sampling.top_k", int),
    "--top-p": ("sampling.top_p", float),
    "--yarn-orig-ctx": ("yarn_orig_ctx", int),
}


def parameters(wanted: dict[str, Any]) -> Any:  # noqa: ANN401 - xllamacpp carries no types
    """The server's parameters; level 4 is the first that logs memory sizes."""
    p = xllamacpp.CommonParams()
    p.model.path = wanted["model"]
    p.hostnames = ["127.0.0.1"]
    p.port = wanted["port"]
    p.n_ctx = wanted["context"]
    p.n_parallel = wanted["slots"]
    p.kv_unified = wanted["unified"]
    p.cpuparams.n_threads = wanted["threads"]
    p.endpoint_metrics = True
    p.verbosity = 4
    if not wanted["thinking"]:
        p.enable_reasoning = 0
        p.default_template_kwargs = {"enable_thinking": "false"}
    if wanted["api_key"]:
        p.api_keys = [wanted["api_key"]]
    if wanted["name"]:
        p.model_alias = {wanted["name"]}
    if wanted["chat_template"]:
        p.chat_template = wanted["chat_template"]
    if wanted["embeddings"]:
        p.embedding = True
        p.n_batch = p.n_ubatch = wanted["context"]  # an embedding is one batch; a longer text would be refused
        p.pooling_type = getattr(xllamacpp.llama_pooling_type, POOLING[wanted["embeddings"]])
    for flag, value in wanted["flags"].items():
        path, convert = FLAGS[flag]
        *holders, name = path.split(".")
        setattr(functools.reduce(getattr, holders, p), name, convert(value))
    return p


def enum(kind: str, member: str) -> Any:  # noqa: ANN401 - xllamacpp carries no types
    """A member of one of xllamacpp's enums, by its name in any case and with either dash."""
    return getattr(getattr(xllamacpp, kind), member.upper().replace("-", "_"))


def main() -> None:
    """Serve until stdin closes or life is over."""
    wanted = json.loads(sys.stdin.readline())
    answer = os.dup(1)
    os.dup2(2, 1)  # whatever the library prints belongs into the log
    # Loading cannot be interrupted from Python, so a parent's death in that time is watched from a thread.
    threading.Thread(target=end_with_parent, daemon=True).start()
    server = xllamacpp.Server(parameters(wanted))
    os.write(answer, json.dumps({"url": server.listening_address}).encode() + b"\n")
    threading.Event().wait(wanted["max_life_s"])
    os._exit(0)


def end_with_parent() -> None:
    """Leave without clean-up when stdin closes: the server's own shutdown may wait for open requests."""
    with contextlib.suppress(OSError):
        while sys.stdin.readline():
            pass
    os._exit(0)


if __name__ == "__main__":
    main()
