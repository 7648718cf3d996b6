"""P23 E4: two long texts that differ only behind a common beginning. Equal vectors mean that the end was not read."""

import contextlib
import random

from doctor.collect.probes.embed import Embedded, cosine, embed, is_bad
from doctor.context import Context
from doctor.errors import DoctorError, Skip, TooLate
from doctor.facts import Embeddings, EmbeddingTruncation, Identity
from doctor.model import Depth

# Words before the difference. Every word is at least one token: 600 words lie behind a cut at 512 tokens for certain.
QUICK_WORDS = (600,)
DEEP_WORDS = (600, 2200, 4500)
FEWER_WORDS = 200  # after a refusal: what a limit of 512 tokens still takes, with its end
TAIL_SHARE = 0.5  # of the common words: a shorter tail could drown in the mean of a long text
# Tokens of one of our words with a wide margin, to stay within a window that the server states.
TOKENS_PER_WORD = 1.5
SAME = 0.9999
HALVINGS = 4  # each costs one request; four leave a sixteenth of the tried size open
COMMON = "the river runs past a mill and an old stone bridge where boats wait for the morning"
TAILS = (
    "interest rates and bank loans rose while the price of gold fell on the market",
    "the doctor washed the wound and gave the child a bitter medicine against fever",
)


async def collect_embedding_truncation(context: Context) -> EmbeddingTruncation:
    """Embed pairs of texts with a common beginning, at sizes within the model's own window where that is known.

    Raises Skip without an embedder, and when the embedder cannot tell any two texts apart.
    """
    embeddings = await context.fact(Embeddings)
    if embeddings.status != 200 or embeddings.error or embeddings.bad:
        raise Skip("the embedder gives no usable vectors")
    model = embeddings.model
    trials: dict[int, float] = {}
    refused: Embedded | None = None
    refused_at: int | None = None
    counted: int | None = None
    for words in await sizes(context, model):
        try:
            answer = await pair(context, model, words)
        except TooLate:
            if not trials:
                raise
            break  # the shorter texts are judged
        if not answer.ok:
            refused, refused_at = answer, words
            break
        trials[words] = compared(answer)
        counted = await tokens_of_one(context, model, words) if trials[words] > SAME else counted
    if not trials and refused is not None:
        with contextlib.suppress(Skip):
            answer = await pair(context, model, FEWER_WORDS)
            if answer.ok:
                trials[FEWER_WORDS] = compared(answer)
    cut_at = min((words for words, near in trials.items() if near > SAME), default=None)
    return EmbeddingTruncation(
        model=model,
        trials=trials,
        read_words=await read_words(context, model, cut_at) if cut_at else None,
        refused_at=refused_at,
        error=refused.error if refused else "",
        counted_tokens=counted,
    )


async def read_words(context: Context, model: str, cut_at: int) -> int:
    """The words that are read of a text that is cut before `cut_at`, by halving; as near as the budget allows."""
    low, high = 0, cut_at  # differences behind `low` are read, those behind `high` are not
    for _ in range(HALVINGS):
        middle = (low + high) // 2
        try:
            answer = await pair(context, model, middle)
            read = answer.ok and compared(answer) <= SAME
        except (Skip, TooLate):
            break
        low, high = (middle, high) if read else (low, middle)
    return high


async def sizes(context: Context, model: str) -> tuple[int, ...]:
    """Words before the difference, fewer where the model's own window is smaller than the text would be."""
    wanted = DEEP_WORDS if context.depth is Depth.DEEP else QUICK_WORDS
    window = await own_window(context, model)
    if window is None:
        return wanted
    fitting = tuple(words for words in wanted if words * (1 + TAIL_SHARE) * TOKENS_PER_WORD < window)
    return fitting or (max(20, int(window / (1 + TAIL_SHARE) / TOKENS_PER_WORD)),)


async def own_window(context: Context, model: str) -> int | None:
    """Tokens that the embedding model was trained for, where Ollama says it; None elsewhere."""
    if (await context.fact(Identity)).runtime != "ollama":
        return None
    try:
        shown = (await context.http.post("/api/show", {"model": model}, deadline_s=5.0)).json()
    except DoctorError:
        return None
    info = shown.get("model_info") if isinstance(shown, dict) else None
    found = [value for key, value in (info or {}).items() if key.endswith(".context_length")]
    return found[0] if found and isinstance(found[0], int) and found[0] > 0 else None


async def pair(context: Context, model: str, words: int) -> Embedded:
    """Both long texts, and one tail alone as a control: an embedder must tell that one from a long text."""
    one, other = texts(words)
    return await embed(context, model, [one, other, TAILS[1]])


def texts(words: int) -> tuple[str, str]:
    """Two texts with the same first `words` words, begun with a fresh nonce, and tails on different subjects."""
    nonce = "".join(random.SystemRandom().choice("abcdefghijklmnopqrstuvwxyz") for _ in range(8))
    common = [nonce, *repeated(COMMON, words - 1)]
    one, other = (" ".join(common + repeated(each, int(words * TAIL_SHARE))) for each in TAILS)
    return one, other


def repeated(sentence: str, count: int) -> list[str]:
    """As many words as wanted, taken from the sentence over and over."""
    words = sentence.split()
    return (words * (count // len(words) + 1))[:count]


def compared(answer: Embedded) -> float:
    """Cosine of the two long texts. Raises Skip when the control is no different either."""
    one, other, control = answer.vectors
    if any(is_bad(vector) for vector in answer.vectors):
        raise Skip("the embedder gives no usable vectors for long texts")
    if cosine(one, control) > SAME:
        raise Skip("the embedder cannot tell a long text from a short one on another subject")
    return cosine(one, other)


async def tokens_of_one(context: Context, model: str, words: int) -> int | None:
    """Tokens that the server counts for one text of this size: its limit, when the text was cut."""
    with contextlib.suppress(Skip):
        return (await embed(context, model, [texts(words)[0]])).prompt_tokens
    return None
