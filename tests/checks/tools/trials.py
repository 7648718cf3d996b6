"""Tool answers to run checks on."""

from doctor.facts import Exchange, StreamPair, ToolAnswer, ToolCall, ToolStream, ToolTrial

OFFERED = ("get_weather", "convert_currency")
ROUTE = "POST /v1/chat/completions"
NATIVE = "POST /api/chat"


def call(name: str = "get_weather", arguments: str = '{"city": "Oslo"}', kind: str = "string", **more) -> ToolCall:
    return ToolCall(name=name, arguments=arguments, arguments_type=kind, **more)


def trial(item: str, *calls: ToolCall, offered: tuple[str, ...] = OFFERED, **fields: object) -> ToolTrial:
    of_trial = {name: fields.pop(name) for name in list(fields) if name in ToolTrial.__struct_fields__}
    of_trial.setdefault("needs_call", not item.startswith(("T5", "T6")))
    exchange = Exchange(**({"purpose": item, "status": 200, "tool_calls": calls, "route": ROUTE} | fields))
    return ToolTrial(item=item, offered=offered, exchange=exchange, **of_trial)


def answer(*trials: ToolTrial, bare: Exchange | None = None, **fields: object) -> ToolAnswer:
    return ToolAnswer(trials=trials, bare=bare, **fields)


def bare(text: str = "I do not know.", prompt_tokens: int = 12) -> Exchange:
    return Exchange(purpose="bare", status=200, content=text, prompt_tokens=prompt_tokens)


def pair(item: str, *calls: ToolCall, whole: tuple[ToolCall, ...] | None = (), **fields: object) -> StreamPair:
    """A stream with these calls; by index it holds the same ones unless `calls_by_index` says otherwise."""
    fields = {"streamed": True, "finish_reason": "tool_calls", "calls_by_index": calls} | fields
    return StreamPair(streamed=trial(item, *calls, **fields), whole=whole)


def stream(*pairs: StreamPair) -> ToolStream:
    return ToolStream(pairs=pairs)


SILENT = [trial(item, content="Hello.", prompt_tokens=60) for item in ("T1", "T2", "T3", "T5")]
