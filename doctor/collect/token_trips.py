"""P10: texts cut into tokens by the server and put together again. Nothing is generated."""

from doctor.context import Context
from doctor.errors import Malformed, Refused, Skip
from doctor.facts import Identity, ModelCard, TokenTrips, Trip
from doctor.runtimes import llama_cpp, vllm

DIGITS = "1234567890"
TEXTS = (
    DIGITS,
    "Café déjà vu / 日本語の文章と中文字符 / 🙂 🇩🇪 👍🏽 / 3.14159",
    "def f(x):\n    if x:\n        return [x, 'y']\n",
)
# Pre-tokenizers (names of GGUF files) that leave up to three digits together, and whose vocabularies have a token for
# every such number: read in llama.cpp's src/llama-vocab.cpp at 0c1e57098 (\p{N}{1,3}).
DIGITS_TOGETHER = dict.fromkeys(("llama3", "llama-v3", "llama-bpe", "dbrx", "smaug-bpe", "gpt-4o", "llama4"), 3)


async def collect_token_trips(context: Context) -> TokenTrips:
    """Each text there and back. Raises Skip where the server does not show its tokenizer."""
    identity = await context.fact(Identity)
    if identity.runtime not in ("llama.cpp", "vllm"):
        raise Skip(f"{identity.name or 'this server'} does not show its tokenizer")
    try:
        trips = [await trip(context, identity.runtime, text) for text in TEXTS]
    except (Refused, Malformed) as error:
        raise Skip(f"the server does not show its tokenizer ({error})") from error
    metadata = (await context.fact(ModelCard)).metadata
    name = metadata.get("tokenizer.ggml.pre")
    together = DIGITS_TOGETHER.get(name) if isinstance(name, str) else None
    return TokenTrips(
        trips=tuple(trips),
        digit_tokens=trips[0].tokens,
        digits_expected=None if together is None else -(-len(DIGITS) // together),
        pre_tokenizer=name if isinstance(name, str) else "",
        vocabulary=str(metadata.get("tokenizer.ggml.model", "")),
        source="POST /tokenize, POST /detokenize",
    )


async def trip(context: Context, runtime: str, text: str) -> Trip:
    """One text there and back. Raises Refused or Malformed."""
    if runtime == "vllm":
        pieces = await vllm.tokenize(context, text)
        back = await vllm.detokenize(context, [id_ for id_, _ in pieces])
    else:
        pieces = await llama_cpp.tokenize(context, text)
        back = await llama_cpp.detokenize(context, [id_ for id_, _ in pieces])
    return Trip(text=text, tokens=len(pieces), back=back)
