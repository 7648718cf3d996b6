"""Facts about how a model behaves that cost more than one question, or none at all: repeats, controls, long talks."""

import math

from doctor.facts.fact import Fact
from doctor.facts.probe import CanaryText, Exchange, Needle


class Abilities(Fact, frozen=True, kw_only=True):
    """What this server can be asked for, found out once. None: not known."""

    counts_prompts: bool  # a prompt's tokens without generating
    renders: bool  # shows the prompt that its template makes
    tokenises: bool
    completes_raw: bool  # a prompt as it is, without a chat template
    switches_thinking: bool
    window_per_request: bool  # a request may ask for a window of its own
    reports_cached: bool | None = None
    reports_timings: bool | None = None
    logprobs: bool | None = None


class TextScale(Fact, frozen=True, kw_only=True):
    """Tokens of a long text as a function of its blocks, and how fast a short one was read. Measured once a run."""

    block: tuple[str, ...]  # the sentences that are repeated
    one_block: int
    per_block: int
    exact: bool  # by a counting route, as opposed to the counts of two answers
    small: Exchange

    def tokens(self, blocks: int) -> int:
        """Expected prompt tokens of a text of this many blocks."""
        return self.one_block + (blocks - 1) * self.per_block

    def blocks(self, tokens: float) -> int:
        """The most blocks that stay within this many prompt tokens, at least one."""
        return max(1, 1 + math.floor((tokens - self.one_block) / self.per_block))

    @property
    def prompt_tok_s(self) -> float:
        """Prompt tokens per second: the server's own number, else from the whole request without loading."""
        seconds = max(self.small.total_s - (self.small.load_s or 0.0), 1e-3)
        return self.small.prompt_tok_s or self.one_block / seconds


class Trip(Fact, frozen=True, kw_only=True):
    """A text that was cut into tokens and put together again."""

    text: str
    tokens: int
    back: str

    @property
    def whole(self) -> bool:
        """Whether the text came back; outer space is left out, because some vocabularies add one."""
        return self.back.strip() == self.text.strip()


class TokenTrips(Fact, frozen=True, kw_only=True):
    """P10: texts through the server's tokenizer and back. Nothing is generated."""

    trips: tuple[Trip, ...]
    digit_tokens: int | None = None  # of ten digits
    digits_expected: int | None = None  # by the pre-tokenizer that the model names; None: not known for it
    pre_tokenizer: str = ""
    vocabulary: str = ""  # llama.cpp's name of its kind: "gpt2", "llama", "bert", "t5"
    source: str = ""


class Repeated(Fact, frozen=True, kw_only=True):
    """P06a: the prose of P13 begun again, more than once where the first repeat differs. Similarities are 0 to 1."""

    first: str
    repeats: tuple[Exchange, ...]
    similarity: float  # of the first repeat to the prose
    among: float | None = None  # the least similarity of two repeats: all of them had the prompt in the cache
    early: bool = False  # three of all answers part at their beginning, each from both others


class DefaultSampling(Fact, frozen=True, kw_only=True):
    """P06b: the line of P02 copied without any sampling field, so that the server's own settings show."""

    exchanges: tuple[Exchange, ...]
    similarities: tuple[float, ...]


class RawText(Fact, frozen=True, kw_only=True):
    """P11: what the model does with prompts that bypass the chat template.

    `family` names the markers that were used, "" when the model's family is not known and no question was asked.
    """

    family: str
    chat_failed: bool  # the same questions as a chat went wrong
    only_a_copy: bool = False  # of them, a line that was copied badly; the others were answered
    answers: tuple[Exchange, ...] = ()
    right: tuple[bool, ...] = ()
    patterns: tuple[Exchange, ...] = ()  # rows of words that repeat, to be gone on with
    continued: tuple[bool, ...] = ()
    top_probability: float | None = None  # mean over the patterns' first tokens; None: the server does not say
    chat_never_stopped: bool = False


class CpuControl(Fact, frozen=True, kw_only=True):
    """Deep: the line of P02 copied by the same model without its GPU, after garbage came from it.

    `exchange` is None where the first copy, of similarity `first`, was sane and no second one was asked for.
    """

    first: float = 0.0
    exchange: Exchange | None = None
    similarity: float = 0.0


class ApiAnswer(Fact, frozen=True, kw_only=True):
    """What the model list of the OpenAI route answers, whatever it is."""

    status: int
    route: str


class StillThere(Fact, frozen=True, kw_only=True):
    """Whether the server answers a plain request at the end of the run."""

    answers: bool
    detail: str
    route: str = ""


class ThinkingOn(Fact, frozen=True, kw_only=True):
    """P12, deep: the small product with thinking on and room for it."""

    exchange: Exchange
    right: bool
    hidden_share: float | None = None  # of the answer's characters, 0 to 1


class DepthSweep(Fact, frozen=True, kw_only=True):
    """P16, deep: codes in texts that fill a quarter, half, three quarters and nearly all of the window."""

    shares: tuple[float, ...]
    texts: tuple[CanaryText, ...]


class RouteTrial(Fact, frozen=True, kw_only=True):
    """The long text on one route: how many tokens were sent and counted."""

    route: str
    exchange: Exchange
    sent_tokens: float
    at_least: int  # words
    asked_window: int | None = None  # by a field of the request


class Routes(Fact, frozen=True, kw_only=True):
    """P16/P17 by route: Ollama's own and the OpenAI one; deep also with a larger window asked for on both."""

    trials: tuple[RouteTrial, ...]
    window: int | None = None


class WindowEnd(Fact, frozen=True, kw_only=True):
    """Deep: an answer that does not fit into what the prompt left of the window."""

    exchange: Exchange
    prompt_tokens: int
    window: int


class Passages(Fact, frozen=True, kw_only=True):
    """Five passages with a code each, as retrieval sends them. No exchange where the window holds far more."""

    exchange: Exchange | None
    needles: tuple[Needle, ...] = ()
    words: int = 0
    expected_tokens: float = 0.0
    window: int | None = None


class OriginTrial(Fact, frozen=True, kw_only=True):
    """One request as a web page would send it."""

    origin: str
    status: int
    allowed: str = ""  # Access-Control-Allow-Origin of the answer


class CrossOrigin(Fact, frozen=True, kw_only=True):
    """P27: the model list asked for by web pages of several origins, and without any."""

    plain_status: int
    trials: tuple[OriginTrial, ...]
    route: str = ""


class ParallelRequests(Fact, frozen=True, kw_only=True):
    """P28: seconds for one short answer, and for several asked at the same time."""

    one_s: float
    seconds: dict[int, float]  # number of requests at once -> until the last answer
    refused: tuple[str, ...] = ()
    tokens: int = 0
    slots: int | None = None


class SustainedSpeed(Fact, frozen=True, kw_only=True):
    """P29: decode rates of four windows in a row, each begun with a short prompt."""

    tok_s: tuple[float, ...]
    seconds: float
    tokens: int


class Turn(Fact, frozen=True, kw_only=True):
    """One turn of a conversation under rules, and which of them its answer kept."""

    exchange: Exchange
    short: bool
    lower: bool
    ended: bool


class Turns(Fact, frozen=True, kw_only=True):
    """P30: six turns of small talk under three rules in the system text."""

    turns: tuple[Turn, ...]
    window: int | None = None
    small_model: bool = False


class CopyPair(Fact, frozen=True, kw_only=True):
    """One line copied as a stream and in one piece."""

    script: str
    expected: str
    streamed: Exchange
    whole: Exchange


class CopiedLines(Fact, frozen=True, kw_only=True):
    """P26, deep: lines in three scripts, each copied as a stream and in one piece."""

    pairs: tuple[CopyPair, ...]
