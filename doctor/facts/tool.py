"""Facts about tool calls and structured output: what was offered and demanded, and what came of it."""

from doctor.facts.fact import Fact
from doctor.facts.probe import Exchange, ToolCall

# Words of the shortest tool on offer, each at least one token: a prompt that is less longer with it does not hold it.
TOOL_TOKENS = 20


class ToolTrial(Fact, frozen=True, kw_only=True):
    """One request with tools: which item (T1 ...), what was offered, what came back."""

    item: str
    offered: tuple[str, ...]
    exchange: Exchange
    needs_call: bool = True
    thinking: bool = False  # asked with thinking switched on
    call_as_text: str = ""  # the marker or JSON that shows a call inside the text, "" when there is none
    named_in_text: str = ""  # the tool's name inside that text
    call_in_thinking: str = ""  # the marker that shows a call inside the hidden thinking
    schema_errors: tuple[str, ...] = ()
    semantic_ok: bool | None = None
    missed: str = ""  # what is not as asked for, in words

    @property
    def called(self) -> bool:
        """Whether a tool was called, be it as text."""
        return bool(self.exchange.tool_calls or self.call_as_text)

    @property
    def counts(self) -> bool:
        """Whether it says something about the model's will to call: a call is needed, and thinking is off."""
        return self.needs_call and not (self.thinking or self.eaten)

    @property
    def eaten(self) -> bool:
        """Whether thinking took the whole answer, so that nothing can be said about it."""
        return self.exchange.only_thought and not self.exchange.tool_calls and not self.call_in_thinking

    @property
    def native(self) -> bool:
        """Whether Ollama's own route was asked, where arguments are an object."""
        return self.exchange.route.endswith("/api/chat")


class ToolAnswer(Fact, frozen=True, kw_only=True):
    """P18: items that need a call, and items that need none."""

    trials: tuple[ToolTrial, ...]
    bare: Exchange | None = None  # the first item asked without tools: a control
    offered: Exchange | None = None  # the same text as `bare` with its tool; "" = the first trial
    claims_tools: bool | None = None  # the runtime says that this model takes tools; None: it says nothing
    small_model: bool = False  # known to be too small to be judged by what it understands
    parameters: int | None = None  # of the model, where the server says

    @property
    def tool_tokens(self) -> int | None:
        """Prompt tokens that offering a tool adds; None where the question was not asked without one."""
        with_tool = (self.offered or self.trials[0].exchange).prompt_tokens
        if self.bare is None or self.bare.prompt_tokens is None or with_tool is None:
            return None
        return with_tool - self.bare.prompt_tokens

    @property
    def tools_lost(self) -> bool:
        """Whether the token counts prove that a tool on offer is not in the prompt."""
        return self.tool_tokens is not None and self.tool_tokens < TOOL_TOKENS


class LostCall(Fact, frozen=True, kw_only=True):
    """Where a call was lost that never arrived: the prompt as rendered, and what the model writes after it, raw."""

    rendered: bool | None = None  # the tool is in the rendered prompt; None: the server does not render for us
    source: str = ""  # where the rendered prompt is from
    raw: Exchange | None = None  # the model's text after that prompt, read by no parser; None: no such route
    call_in_raw: str = ""  # the sign of a call in it
    named_in_raw: str = ""


class StreamPair(Fact, frozen=True, kw_only=True):
    """An item streamed, and the calls that the same item brought in one piece."""

    streamed: ToolTrial
    whole: tuple[ToolCall, ...] | None = None  # None: asked only as a stream, where nothing seemed lost
    control: ToolTrial | None = None  # in one piece, where it was asked only for this


class ToolStream(Fact, frozen=True, kw_only=True):
    """P19: items with a call, streamed, against the same in one piece."""

    pairs: tuple[StreamPair, ...]


class ToolWindow(Fact, frozen=True, kw_only=True):
    """T8: twenty tools on offer, and how many tokens their definitions should take in the prompt."""

    many: ToolTrial
    expected: float | None = None  # prompt tokens; None: the server does not count them
    exact: bool = False  # counted by the server's own tokeniser
    fewer: Exchange | None = None  # fifteen of the tools, where twenty were counted as too few tokens
    fewer_expected: float | None = None
    window: int | None = None


class ToolPrompt(Fact, frozen=True, kw_only=True):
    """A question, a call and its result as the server renders them, the tool still on offer."""

    history: str | None = None  # None: refused
    refusal: str = ""  # the server's words
    question: str = ""  # a word of the question, of the call's arguments and of the result that is nowhere else
    value: str = ""
    result: str = ""
    source: str = ""


class ToolResult(Fact, frozen=True, kw_only=True):
    """P20: a call and its result are in the history; the answer should use the result."""

    exchange: Exchange
    used: bool
    repeated_call: bool
    unanswered: bool = False  # twice neither a text nor a call
    small_model: bool = False  # known to be too small to be judged by what it understands
    native: Exchange | None = None  # the same on Ollama's own route, arguments as an object


class ToolChoice(Fact, frozen=True, kw_only=True):
    """P21: `tool_choice` against what the question says. None: not asked."""

    none: ToolTrial | None = None  # a call is asked for and forbidden
    required: ToolTrial | None = None  # a call is not wanted and demanded
    named: ToolTrial | None = None  # another tool than the one that fits is demanded
    wanted: str = ""  # the tool that `named` demands


class SchemaTrial(Fact, frozen=True, kw_only=True):
    """One more answer under the schema, and in which way it was asked for."""

    way: str  # "thinking on", "streamed", "format on /api/chat"
    exchange: Exchange
    valid: bool
    fenced: bool = False


class SchemaAnswer(Fact, frozen=True, kw_only=True):
    """P22: prose asked for, a JSON schema demanded."""

    exchange: Exchange
    valid: bool
    fenced: bool = False
    others: tuple[SchemaTrial, ...] = ()  # at depth deep
