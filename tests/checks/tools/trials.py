"""Tool answers to run checks on."""

from doctor.facts import Exchange, ToolAnswer, ToolCall, ToolTrial

OFFERED = ("get_weather", "convert_currency")
ROUTE = "POST /v1/chat/completions"


def call(name: str = "get_weather", arguments: str = '{"city": "Oslo"}', kind: str = "string") -> ToolCall:
    return ToolCall(name=name, arguments=arguments, arguments_type=kind)


def trial(item: str, *calls: ToolCall, offered: tuple[str, ...] = OFFERED, **fields: object) -> ToolTrial:
    of_trial = {name: fields.pop(name) for name in list(fields) if name in ToolTrial.__struct_fields__}
    exchange = Exchange(**({"purpose": item, "status": 200, "tool_calls": calls, "route": ROUTE} | fields))
    return ToolTrial(item=item, offered=offered, exchange=exchange, **of_trial)


def answer(*trials: ToolTrial, bare: Exchange | None = None, **fields: object) -> ToolAnswer:
    return ToolAnswer(trials=trials, bare=bare, **fields)


def bare(text: str = "I do not know.", prompt_tokens: int = 12) -> Exchange:
    return Exchange(purpose="bare", status=200, content=text, prompt_tokens=prompt_tokens)


SILENT = [trial(item, content="Hello.", prompt_tokens=60) for item in ("T1", "T2", "T3", "T5")]
