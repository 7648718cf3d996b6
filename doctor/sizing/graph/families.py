"""How architectures differ where their files do not say it: one row each, read from llama.cpp's graph builders.

Source of every row: `src/models/<source>.cpp` of llama.cpp b10566. What a file says by the tensors and keys that it has
(biases, norms of queries and keys, gates, experts) is not repeated here.
"""

from typing import NamedTuple

import msgspec

RMS, LAYER = "RMS_NORM", "NORM"


class Mixture(NamedTuple):
    """How a family chooses experts and weighs them."""

    gating: str = "softmax"  # or "sigmoid", "late softmax" over the chosen ones
    gating_filed: bool = False  # the file says which, where it does
    normed: bool | None = True  # weights of the chosen ones sum to one; None: the file says so
    act: str = "gated"
    weigh_first: bool = False  # weights go to the experts' input, chosen by what is not yet squashed


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """What sets an architecture apart from Llama's blocks."""

    source: str  # file under `src/models`
    norm: str = RMS
    raw_attention: bool = False  # attention and feed-forward see the residual stream as it is, their results are normed
    row_norm: bool = False  # queries and keys are normed before they are cut into heads
    norm_after_rope: bool = False
    # "window": only in windowed blocks, "step": not in every fourth, "first": not in the first of four, "shallow": only
    # in models of 32 blocks, "none"
    rope: str = "all"
    scaled_query: bool = False
    # Queries are scaled by position: "unroped" where there is no rope, "filed" where the file says so.
    tempered: str = ""
    # Feed-forward beside attention: "own norm", or on attention's norm; and the order of the sum.
    parallel: str = ""
    recurrent: str = ""  # what blocks with a state do: "mamba", "mamba2", "short convolution", "delta", "kimi delta"
    single: bool = False  # one part a block: a recurrence, attention or feed-forward
    beside: bool = False  # every block attends and recurs
    gated_queries: bool = False  # queries come with a gate for the result
    expanded_norm: bool = False  # the first norm is put into the graph before what uses it
    output_norm: str = "output_norm"
    blocks: str = "usual"  # or "encoder", "rwkv", "gemma3n", "gemma4"
    residual_first: str = ""  # in the sums: of "attention", "feed-forward" or "both"
    post_norm: str = ""  # what `post_attention_norm` norms: "output" of attention, or input of the "feed-forward"
    second_norm: str = "ffn_norm"
    normed_rows: bool = False  # the result of attention is normed before the rows that are wanted are taken
    routed_early: bool = False  # experts are chosen by what comes into the block
    act: str = "gated"
    mixture: Mixture = Mixture()
    shared: str = "after"  # the shared expert: "after" the routed ones, "before", "gated" by a router of its own
    scaled_embedding: bool = False
    normed_embedding: bool = False
    late_outputs: bool = False  # rows that are wanted are taken after the last block
    kept: str = ""  # an output beside logits: "hidden" before the last norm, "normed" after it
    capped: str = ""  # logits are capped: "always", or where the file says so ("filed")
    scaled_logits: bool = False
    always_scaled: bool = False  # embedding, residuals and logits are scaled whatever the file says
    scaled_hidden: bool = False  # what goes into the head is scaled
    scores_capped: bool = False  # attention scores are capped
    places: int = 1  # numbers that say where a token stands
    cacheless: bool = False
    headless: bool = False  # makes embeddings


UNNORMED = Mixture(normed=False)
FILED = Mixture(gating_filed=True, normed=None)
GATING_FILED = Mixture(gating_filed=True)
QWEN35 = Family(
    source="qwen35",
    recurrent="delta",
    gated_queries=True,
    expanded_norm=True,
    post_norm="feed-forward",
    shared="gated",
    late_outputs=True,
    kept="normed",
    places=4,
)

FAMILIES: dict[str, Family] = {
    "afmoe": Family(
        source="afmoe", rope="step", post_norm="output", normed_rows=True, mixture=FILED, scaled_embedding=True
    ),
    "apertus": Family(source="apertus", act="plain"),
    "arcee": Family(source="arcee", act="squared"),
    "baichuan": Family(source="baichuan", rope="shallow"),
    "bailingmoe": Family(source="bailingmoe", mixture=Mixture(normed=None)),
    "bailingmoe2": Family(source="bailingmoe2", mixture=FILED),
    "bert": Family(source="bert", rope="none", blocks="encoder", act="plain", cacheless=True, headless=True),
    "bloom": Family(source="bloom", norm=LAYER, rope="none", act="plain", normed_embedding=True),
    "chatglm": Family(source="chatglm", act="halves"),
    "codeshell": Family(source="codeshell", norm=LAYER, act="plain"),
    "cohere2": Family(source="cohere2", norm=LAYER, rope="window", parallel="attention last", scaled_logits=True),
    "command-r": Family(source="command-r", norm=LAYER, parallel="attention last", scaled_logits=True),
    "dbrx": Family(source="dbrx", norm=LAYER, second_norm="attn_output_norm"),
    "deci": Family(source="deci"),
    "deepseek": Family(source="deepseek", mixture=UNNORMED),
    "deepseek2": Family(source="deepseek2", mixture=FILED, kept="normed"),
    "dots1": Family(source="dots1", mixture=FILED),
    "dream": Family(source="dream", cacheless=True),
    "ernie4_5": Family(source="ernie4-5"),
    "ernie4_5-moe": Family(source="ernie4-5-moe"),
    "eurobert": Family(source="eurobert", cacheless=True, headless=True),
    "exaone": Family(source="exaone"),
    "exaone-moe": Family(source="exaone-moe", rope="window", mixture=FILED),
    "exaone4": Family(source="exaone4", raw_attention=True, rope="window", post_norm="output"),
    "falcon": Family(source="falcon", norm=LAYER, parallel="feed-forward first", act="plain"),
    "falcon-h1": Family(source="falcon-h1", recurrent="mamba2", beside=True),
    "gemma": Family(source="gemma", scaled_query=True, scaled_embedding=True),
    "gemma-embedding": Family(
        source="gemma-embedding",
        scaled_query=True,
        post_norm="output",
        scaled_embedding=True,
        cacheless=True,
        headless=True,
    ),
    "gemma2": Family(
        source="gemma2",
        scaled_query=True,
        post_norm="output",
        scaled_embedding=True,
        capped="always",
        scores_capped=True,
    ),
    "gemma3": Family(source="gemma3", scaled_query=True, post_norm="output", scaled_embedding=True, capped="filed"),
    "gemma3n": Family(source="gemma3n", blocks="gemma3n", scaled_embedding=True, late_outputs=True, capped="always"),
    "gemma4": Family(
        source="gemma4", blocks="gemma4", scaled_embedding=True, late_outputs=True, kept="normed", capped="always"
    ),
    "glm4": Family(source="glm4", post_norm="output", act="halves"),
    "glm4moe": Family(source="glm4-moe", post_norm="feed-forward", mixture=FILED),
    "gpt-oss": Family(
        source="openai-moe",
        post_norm="feed-forward",
        mixture=Mixture(gating="late softmax", normed=False),
        late_outputs=True,
        kept="hidden",
    ),
    "gpt2": Family(source="gpt2", norm=LAYER, rope="none", act="plain"),
    "gptneox": Family(source="gptneox", norm=LAYER, parallel="own norm", act="plain"),
    "granite": Family(source="granite", scaled_logits=True),
    "granite_swa": Family(source="granite-swa", scaled_logits=True),
    "granitehybrid": Family(source="granite-hybrid", rope="filed", recurrent="mamba2", scaled_logits=True),
    "granitemoe": Family(source="granite", scaled_logits=True),
    "hunyuan-dense": Family(source="hunyuan-dense", norm_after_rope=True),
    "hunyuan-moe": Family(source="hunyuan-moe", norm_after_rope=True, shared="before"),
    "hy_v3": Family(source="hy-v3", mixture=FILED, late_outputs=True, kept="normed"),
    "internlm2": Family(source="internlm2"),
    "jais": Family(source="jais", norm=LAYER, rope="none"),
    "jamba": Family(source="jamba", rope="none", recurrent="mamba", residual_first="both", mixture=UNNORMED),
    "jina-bert-v2": Family(source="bert", rope="none", blocks="encoder", cacheless=True, headless=True),
    "jina-bert-v3": Family(source="bert", blocks="encoder", act="plain", cacheless=True, headless=True),
    "kimi-linear": Family(
        source="kimi-linear", rope="none", recurrent="kimi delta", expanded_norm=True, mixture=GATING_FILED
    ),
    "laguna": Family(source="laguna", mixture=FILED),
    "lfm2": Family(source="lfm2", recurrent="short convolution", output_norm="token_embd_norm", residual_first="both"),
    "lfm2moe": Family(
        source="lfm2",
        recurrent="short convolution",
        output_norm="token_embd_norm",
        residual_first="both",
        mixture=GATING_FILED,
    ),
    "llada": Family(source="llada", cacheless=True),
    "llada-moe": Family(source="llada-moe", mixture=UNNORMED, cacheless=True),
    "llama": Family(source="llama"),
    "llama-embed": Family(source="llama", cacheless=True, headless=True),
    "llama4": Family(
        source="llama4",
        rope="step",
        tempered="unroped",
        mixture=Mixture(gating="sigmoid", normed=False, weigh_first=True),
    ),
    "maincoder": Family(source="maincoder"),
    "mamba": Family(source="mamba", recurrent="mamba", single=True),
    "mamba2": Family(source="mamba", recurrent="mamba2", single=True),
    "mimo2": Family(source="mimo2", mixture=Mixture(gating="sigmoid")),
    "minicpm": Family(source="minicpm", scaled_logits=True, always_scaled=True),
    "minicpm3": Family(source="minicpm3", always_scaled=True, scaled_hidden=True),
    "minimax-m2": Family(source="minimax-m2", row_norm=True, mixture=GATING_FILED),
    "mistral3": Family(source="mistral3", tempered="filed"),
    "mistral4": Family(source="mistral4", mixture=FILED, kept="normed"),
    "modern-bert": Family(
        source="modern-bert", norm=LAYER, act="halves", normed_embedding=True, cacheless=True, headless=True
    ),
    "mpt": Family(source="mpt", norm=LAYER, rope="none", act="plain"),
    "nanbeige": Family(source="nanbeige"),
    "nemotron": Family(source="nemotron", norm=LAYER, act="squared"),
    "nemotron_h": Family(
        source="nemotron-h",
        rope="none",
        recurrent="mamba2",
        single=True,
        act="squared",
        late_outputs=True,
        kept="normed",
    ),
    "nemotron_h_moe": Family(
        source="nemotron-h-moe",
        rope="none",
        recurrent="mamba2",
        single=True,
        act="squared",
        mixture=Mixture(gating="sigmoid", normed=None, act="squared"),
        late_outputs=True,
        kept="normed",
    ),
    "neo-bert": Family(source="neo-bert", output_norm="enc.output_norm", act="halves", cacheless=True, headless=True),
    "nomic-bert": Family(source="bert", blocks="encoder", cacheless=True, headless=True),
    "nomic-bert-moe": Family(
        source="bert", blocks="encoder", act="plain", mixture=UNNORMED, cacheless=True, headless=True
    ),
    "olmo": Family(source="olmo", norm=LAYER),
    "olmo2": Family(source="olmo2", raw_attention=True, row_norm=True, post_norm="output"),
    "olmoe": Family(source="olmoe", row_norm=True, mixture=UNNORMED),
    "openelm": Family(source="openelm", residual_first="attention"),
    "paddleocr": Family(source="paddleocr", places=4),
    "pangu-embedded": Family(source="pangu-embed"),
    "phi2": Family(source="phi2", norm=LAYER, scaled_query=True, parallel="attention first", act="plain"),
    "phi3": Family(source="phi3", scaled_query=True, residual_first="feed-forward", act="halves"),
    "phimoe": Family(source="phi3", scaled_query=True, residual_first="feed-forward"),
    "plamo": Family(source="plamo", parallel="feed-forward first"),
    "plamo3": Family(source="plamo3", post_norm="output", act="halves"),
    "qwen": Family(source="qwen"),
    "qwen2": Family(source="qwen2"),
    "qwen2moe": Family(source="qwen2moe", mixture=UNNORMED, shared="softly gated"),
    "qwen2vl": Family(source="qwen2vl", places=4),
    "qwen3": Family(source="qwen3"),
    "qwen35": QWEN35,
    "qwen35moe": QWEN35,
    "qwen3moe": Family(source="qwen3moe"),
    "qwen3next": msgspec.structs.replace(QWEN35, source="qwen3next", places=1),
    "qwen3vl": Family(source="qwen3vl", places=4),
    "qwen3vlmoe": Family(source="qwen3vlmoe", places=4),
    "refact": Family(source="refact", rope="none"),
    "rnd1": Family(source="rnd1", cacheless=True),
    "rwkv6": Family(source="rwkv6", norm=LAYER, blocks="rwkv", normed_embedding=True),
    "rwkv7": Family(source="rwkv7", norm=LAYER, blocks="rwkv", normed_embedding=True),
    "seed_oss": Family(source="seed-oss", post_norm="feed-forward"),
    "smallthinker": Family(source="smallthinker", rope="first", routed_early=True, mixture=GATING_FILED),
    "smollm3": Family(source="smollm3", rope="step"),
    "stablelm": Family(source="stablelm", norm=LAYER, parallel="unless normed"),
    "starcoder": Family(source="gpt2", norm=LAYER, rope="none", act="plain"),
    "starcoder2": Family(source="starcoder2", norm=LAYER, act="plain"),
    "step35": Family(source="step35", mixture=FILED, late_outputs=True, kept="hidden"),
    "xverse": Family(source="xverse"),
}
