"""Facts that cost a request to the model: what it was asked and what came back."""

import json
from typing import Any

from doctor.facts.fact import Fact


class ToolCall(Fact, frozen=True, kw_only=True):
    """One tool call as it arrived. `arguments` is the text, also when it came as an object (`arguments_type`)."""

    name: str
    arguments: str
    arguments_type: str = "string"  # "string", "object", "missing"
    id: str = ""
    index: int | None = None
    pieces: int = 1  # of a streamed answer in which something of this call came

    @property
    def value(self) -> dict[str, Any] | None:
        """The arguments as an object; None when their text is no JSON object."""
        try:
            found = json.loads(self.arguments)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


class Exchange(Fact, frozen=True, kw_only=True):
    """One request to the model and its answer, reduced to what checks read."""

    purpose: str
    status: int  # 200, or the HTTP status of the refusal
    error: str = ""  # text of the refusal, cleaned
    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    calls_by_index: tuple[ToolCall, ...] = ()  # streamed: the same put together by a client that goes by the index
    finish_reason: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    sent_words: int = 0  # whitespace-separated words in all messages: a lower bound of the prompt's tokens
    max_tokens: int = 0
    streamed: bool = False
    chunks: int = 0
    stopped_early: bool = False  # we closed the stream to save time
    total_s: float = 0.0
    first_token_s: float | None = None
    last_token_s: float | None = None  # both from the start of the request, streamed answers only
    prompt_tok_s: float | None = None  # as reported by the server
    decode_tok_s: float | None = None
    load_s: float | None = None
    draft_tokens: int | None = None  # proposed by speculative decoding
    draft_accepted: int | None = None
    route: str = ""  # "POST /v1/chat/completions", "POST /api/chat"
    request: str = ""  # the body as sent, JSON, for a reproduction; "" when it was too long to keep

    @property
    def ok(self) -> bool:
        """Whether the server answered with a result."""
        return self.status == 200 and not self.error

    @property
    def text(self) -> str:
        """Answer without a thinking part, code fence, outer quotes of space and one closing full stop."""
        from doctor.text import answer_text

        return answer_text(self.content)

    @property
    def said(self) -> str:
        """All that the model wrote, thoughts first."""
        return self.reasoning + self.content

    @property
    def only_thought(self) -> bool:
        """Whether thinking took the whole answer: there is nothing to score."""
        return not self.text and bool(self.reasoning or "<think" in self.content)


class WarmUp(Fact, frozen=True, kw_only=True):
    """P01: the first answer, and a second one right after it to see whether the model is loaded again."""

    first: Exchange
    second: Exchange | None = None


class Echo(Fact, frozen=True, kw_only=True):
    """P02: a line to be copied, streamed; `similarity` 0 to 1."""

    expected: str
    exchange: Exchange
    similarity: float
    unstreamed: Exchange | None = None  # asked again in one piece when the stream holds replacement characters


class ControlAnswers(Fact, frozen=True, kw_only=True):
    """P03: two questions with one-word answers."""

    exchanges: tuple[Exchange, ...]
    right: tuple[bool, ...]


class ListAnswer(Fact, frozen=True, kw_only=True):
    """P04: three items asked for; then, if it ran on, the same with the suspected end marker as `stop`."""

    exchange: Exchange
    end_marker: str = ""  # what closes a turn in the template, when known
    with_stop: Exchange | None = None


class SystemRole(Fact, frozen=True, kw_only=True):
    """P07: a rule in the system text, the same rule in the user text, and the count of tokens with and without."""

    in_system: Exchange
    in_user: Exchange | None = None
    obeyed_in_system: bool = False
    again: tuple[
        Exchange, ...
    ] = ()  # the rule in the system text with other questions, asked where the first missed it
    obeyed_again: tuple[bool, ...] = ()
    obeyed_in_user: bool | None = None
    tokens_without: int | None = None
    tokens_with: int | None = None
    system_words: int = 0


class RoleShapes(Fact, frozen=True, kw_only=True):
    """P08: two user messages in a row."""

    two_users: Exchange
    late_system: Exchange | None = None  # a system message in mid-conversation, at depth deep
    assistant_first: Exchange | None = None  # a greeting of the assistant before the first question, at depth deep


class Thinking(Fact, frozen=True, kw_only=True):
    """P12: a small question with thinking switched off. `right`: the visible answer is right."""

    exchange: Exchange
    right: bool
    switch_sent: bool = True  # False: no way to switch thinking off is known for this server


class DecodeSpeed(Fact, frozen=True, kw_only=True):
    """P13: steady decode rate in tokens per second and how it was obtained."""

    exchange: Exchange
    tok_s: float
    tokens: int
    source: str  # "server timings", "stream"
    draft_tokens: int | None = None  # speculative decoding was at work
    draft_accepted: int | None = None
    sampled: Exchange | None = None  # the same at recommended sampling, when the greedy text is a loop


class CacheReuse(Fact, frozen=True, kw_only=True):
    """P14/P15: a long prompt, cold, then the same with one sentence more."""

    cold: Exchange
    warm: Exchange
    reuse: float | None  # share of the prompt that was not computed again, 0 to 1
    source: str = ""


class Needle(Fact, frozen=True, kw_only=True):
    """A code hidden in the text: where (0 to 1), and whether the answer has it."""

    colour: str
    code: str
    depth: float
    found: bool


class CanaryText(Fact, frozen=True, kw_only=True):
    """P16: codes hidden at several depths of a long text, asked for at the end."""

    exchange: Exchange
    needles: tuple[Needle, ...]
    words: int
    expected_tokens: float | None = None  # from the difference method or the tokenise endpoint
    window: int | None = None
    exact: bool = False  # `expected_tokens` comes from the tokenise endpoint
    small: Exchange | None = None  # a text of the same kind, one block long
    repeats: tuple["CanaryText", ...] = ()  # a short text and one of half the length, asked after two or more misses
    question_first: tuple[Needle, ...] | None = (
        None  # the same text behind its question, where a cut one brought nothing
    )
    small_model: bool = False  # known to be too small to be judged by what it understands


class PromptAccounting(Fact, frozen=True, kw_only=True):
    """P17: how many prompt tokens the server counted against how many were sent."""

    expected: float  # tokens; exact with a tokenise endpoint, else from two small prompts
    counted: int
    at_least: int  # words of the large prompt: it cannot have fewer tokens than this
    exact: bool
    window: int | None = None
    small_counted: int | None = None  # of a prompt far smaller
    source: str = ""
    over_length: Exchange | None = None  # deep only: a prompt 5 % longer than the window

    @property
    def ratio(self) -> float:
        """Counted over expected tokens."""
        return self.counted / self.expected if self.expected else 0.0


class Embeddings(Fact, frozen=True, kw_only=True):
    """P23: a batch of texts embedded, and the first again alone."""

    model: str
    status: int
    error: str = ""
    dimensions: int = 0
    norms: tuple[float, ...] = ()
    bad: tuple[int, ...] = ()  # positions with NaN, infinity or all zeros
    repeat_cosine: float | None = None
    margin: float | None = None  # mean cosine of paraphrases minus mean cosine of unrelated pairs
    dedicated: bool | None = None  # the runtime says that this is an embedding model
    prompt_tokens: int | None = None
    route: str = ""


class EmbeddingTruncation(Fact, frozen=True, kw_only=True):
    """P23 E4: two texts that differ only after `words` words. Cosine 1 means that the end was not read."""

    model: str
    trials: dict[int, float]  # words before the difference -> cosine
    read_words: int | None = None  # of a text that was cut: so many words are read, found by halving
    refused_at: int | None = None  # the smallest size that was refused with an error
    error: str = ""
    counted_tokens: int | None = None


class MiniRetrieval(Fact, frozen=True, kw_only=True):
    """P24: the place of each question's passage among twelve, without prefixes and with those of the family."""

    model: str
    ranks: tuple[int, ...]
    dedicated: bool | None = None
    prefixed_ranks: tuple[int, ...] = ()
    family: str = ""
    query_prefix: str = ""
    document_prefix: str = ""
    order_cosine: float = 0.0  # of two sentences with the same words in another order
    route: str = ""


class GroundedItem(Fact, frozen=True, kw_only=True):
    """One answer about given passages."""

    answerable: bool
    abstained: bool
    right: bool
    cited: tuple[str, ...] = ()
    invented: tuple[str, ...] = ()  # ids that no passage has
    empty: bool = False


class Grounding(Fact, frozen=True, kw_only=True):
    """P25: questions that three passages answer, and questions that they do not."""

    items: tuple[GroundedItem, ...]
    small_model: bool = False  # known to be too small to be judged by what it understands
    route: str = ""
