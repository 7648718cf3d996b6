"""Facts about the server that a target names: read without making a model generate."""

from typing import Any, ClassVar

from doctor.address import is_loopback
from doctor.facts.fact import Fact


class Tried(Fact, frozen=True, kw_only=True):
    """One attempt to connect. `state`: open, refused, timeout, no-such-name, reset, silent, tls, broken."""

    address: str
    port: int
    state: str
    seconds: float = 0.0
    detail: str = ""


class Reach(Fact, frozen=True, kw_only=True):
    """Whether something answers where the target points. `state` as in `Tried`, plus `open`."""

    url: str
    host: str
    port: int
    state: str
    tried: tuple[Tried, ...] = ()
    http_status: int | None = None  # of the first answer, when it spoke HTTP
    detail: str = ""
    named: bool = True  # the user named this address, as opposed to found by discovery
    process_listening: bool | None = None  # a known runtime's process exists on this machine

    @property
    def local(self) -> bool:
        """Whether the address is this machine's own loopback, so that what we read here is about the server."""
        return is_loopback(self.host)


class Identity(Fact, frozen=True, kw_only=True):
    """Which server it is, by its own signature.

    `runtime`: "ollama", "llama.cpp", "lmstudio", "vllm", "sglang", "koboldcpp", "mlx-lm", "localai",
    "llama-swap", ..., "openai" for any other OpenAI-compatible server, "" when it is no model server.
    `state`: "ready", "loading", "locked" (needs a key), "busy", "broken", "foreign" (not a model server).
    """

    runtime: str
    state: str
    version: str = ""
    name: str = ""  # how to call it in a sentence: "Ollama", "llama.cpp server"
    base_url: str = ""  # scheme://host:port, no path
    openai_url: str = ""  # the OpenAI route, usually base_url + "/v1"; "" when there is none
    given_path: str = ""  # path that the user gave, as given
    given_path_works: bool | None = None  # False: a client that uses this path gets 404
    imitates: str = ""  # "ollama" for a server that answers Ollama's API but is not Ollama
    signature: str = ""  # what proved the identity
    answer: str = ""  # first bytes of what a foreign server answered, cleaned
    server_header: str = ""


class Found(Fact, frozen=True, kw_only=True):
    """A model server found elsewhere on this machine."""

    url: str
    runtime: str


class Elsewhere(Fact, frozen=True, kw_only=True):
    """Model servers on other ports of this machine, looked for when the target itself does not answer."""

    found: tuple[Found, ...] = ()
    looked_at: tuple[str, ...] = ()


class ProxyTrial(Fact, frozen=True, kw_only=True):
    """What a program that honours proxy variables meets when it calls this (local) target."""

    variable: str  # the variable that applies, e.g. "HTTP_PROXY", "" when none does
    proxy: str  # without credentials
    direct_ok: bool
    through_ok: bool | None = None  # None: not tried
    status: int | None = None
    detail: str = ""


class Models(Fact, frozen=True, kw_only=True):
    """The server's model list and the one that is examined."""

    names: tuple[str, ...]
    requested: str = ""  # by --model, "" when not given
    chosen: str = ""  # "" when there is none
    requested_exists: bool | None = None
    nearest: str = ""
    name_matters: bool = True  # False: the server answers whatever name is sent (llama.cpp with one model)
    remote: bool = False  # the chosen model runs on somebody else's machine behind a local address
    embedding: str = ""  # a model of the list that makes embeddings, "" when none is known


class LoadedModel(Fact, frozen=True, kw_only=True):
    """A model in memory. `vram_bytes` is None when the runtime does not say."""

    name: str
    size_bytes: int | None = None
    vram_bytes: int | None = None
    context_length: int | None = None
    expires_s: float | None = None  # seconds until it is unloaded; None: unknown or never

    @property
    def gpu_share(self) -> float | None:
        """Share of the model in GPU memory, 0 to 1; None when not reported."""
        if not self.size_bytes or self.vram_bytes is None:
            return None
        return max(0.0, min(1.0, self.vram_bytes / self.size_bytes))


class LoadedModels(Fact, frozen=True, kw_only=True):
    """All models in memory as the runtime lists them."""

    models: tuple[LoadedModel, ...]
    source: str = ""
    by_us: bool = False  # the examined model was not in memory before this run asked it


class Window(Fact, frozen=True, kw_only=True):
    """The context window in tokens. `per_request` is what one request may use."""

    per_request: int | None
    trained: int | None = None
    total: int | None = None
    slots: int | None = None
    source: str = ""


class Slots(Fact, frozen=True, kw_only=True):
    """How many requests the server can work on, and how many it is working on now."""

    total: int
    busy: int
    waiting: int | None = None
    source: str = ""


class ModelCard(Fact, frozen=True, kw_only=True):
    """What the runtime says about the examined model."""

    name: str
    architecture: str = ""
    parameters: int | None = None
    active_share: float | None = None  # of a mixture of experts: used / all experts
    quantization: str = ""
    size_bytes: int | None = None
    file_path: str = ""
    capabilities: tuple[str, ...] | None = None  # "tools", "embedding", "vision", "thinking"; None: not reported
    bos_token: str | None = None
    eos_token: str | None = None
    layers: int | None = None
    kv_heads: int | None = None
    head_length: int | None = None
    system_prompt: str = ""
    parameters_text: str = ""  # Modelfile parameters
    metadata: dict[str, Any] = {}  # small values of the runtime's own metadata


class AnswerDefaults(Fact, frozen=True, kw_only=True):
    """What a request gets that sends no settings of its own: `temperature`, `repeat_penalty`, `num_predict` ...

    Names are Ollama's where it has one; a switch is 0 or 1. `sources` says for each name where it was read.
    """

    values: dict[str, float]
    sources: dict[str, str] = {}
    stops: tuple[str, ...] = ()  # texts at which an answer ends


class ChatTemplate(Fact, frozen=True, kw_only=True):
    """The chat template that the live server uses. `language`: "jinja", "go" or ""."""

    text: str
    language: str = ""
    source: str = ""
    caps: dict[str, bool] = {}  # what the server found by running it: supports_tools, supports_system_role, ...


class Rendered(Fact, frozen=True, kw_only=True):
    """Prompts as the server renders them, for a fixed conversation (collect/render.py holds it).

    A field is None when that rendering was refused; `refusals` says why by field name.
    """

    WORDS: ClassVar[str] = "prompt as the template renders it"

    chat: str | None  # system, user, assistant, user; with the generation prompt
    user_only: str | None = None
    without_generation_prompt: str | None = None
    with_tools: str | None = None
    two_users: str | None = None  # two user messages in a row
    system_word: str = ""  # unique words that were put into each message and the tool's name
    user_words: tuple[str, ...] = ()
    assistant_word: str = ""
    tool_word: str = ""
    refusals: dict[str, str] = {}
    marker_tokens: dict[str, int] = {}  # role marker text -> number of tokens it takes
    leading_bos: int | None = None  # number of BOS tokens at the start of the tokenised prompt
    end_marker: str = ""  # what closes the assistant's turn, "" when nothing does
    end_marker_id: int | None = None  # its token, when it is one
    shadowed_markers: tuple[str, ...] = ()  # split into pieces although the vocabulary has a token of just this text
    tool_markers: tuple[str, ...] = ()  # known tool-call markers that are one token of this vocabulary
    turn_markers: tuple[str, ...] = ()  # likewise those that open a turn, whether or not the template uses them
    source: str = ""


class DecodeBound(Fact, frozen=True, kw_only=True):
    """What one stream of decoding should reach on this machine, in tokens per second, and below which it is slow.

    `best` is the best placement this machine allows, `placed` the placement that the runtime reports (None: unknown).
    """

    best_tok_s: float
    best_slow_below_tok_s: float
    placed_tok_s: float | None = None
    placed_slow_below_tok_s: float | None = None
    placed_very_slow_below_tok_s: float | None = None
    gpu_share: float | None = None  # of the model, in GPU memory now
    best_gpu_share: float = 0.0
    active_bytes: int = 0  # read for each token
    advise_only: bool = False  # too small, too fast or too unusual for a verdict
    why_advise_only: str = ""
    device: str = ""
    basis: str = ""
