"""A call without arguments holds an empty object.

What: the arguments of a call of a tool that takes none, streamed; at depth deep also in one piece.

Why: the contract is the text `{}`. Clients parse what they get, and an empty text or nothing at all is no JSON: tools
without parameters fail while all others work.

How: the question for the server's time offers a tool without parameters. Where the stream holds no arguments, it is
asked again in one piece, which says whether the stream or the parser drops them.

Limits: needs a model that calls the tool.
"""

from doctor.api import Context, Depth, Skip, Symptom, ToolCall, ToolStream, ToolTrial, Verdict, probed, seen, verdict

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
DROPPED = Symptom(id="tool-empty-arguments-dropped", title="Empty arguments of a call are left out")
ITEM = "T7"


async def check(context: Context) -> Verdict:
    """Look at the arguments of the one tool that takes none."""
    pairs = [pair for pair in (await context.fact(ToolStream)).pairs if pair.streamed.item == ITEM]
    streamed = [call for pair in pairs for call in finished(pair.streamed)]
    whole = [call for pair in pairs for call in pair.whole or ()]
    if not streamed and not whole:
        raise Skip("no tool without parameters was called")
    route = pairs[0].streamed.exchange.route
    said = [probed("arguments in the stream", words(call), "", route) for call in streamed[:1]]
    said += [probed("arguments in one piece", words(call), "", route) for call in whole[:1]]
    in_stream, in_whole = any(map(is_empty, streamed)), any(map(is_empty, whole))
    if not in_stream and not in_whole:
        return verdict(measured=said)
    layer = "the server's tool parser" if in_whole else "the server's stream"
    said.append(probed("layer that lost them", layer, "", route))
    where = "in one piece" if in_whole else "in a stream"
    return verdict(seen(DROPPED, "get_server_time", f"A call {where} holds nothing where {{}} belongs", *said))


def finished(trial: ToolTrial) -> tuple[ToolCall, ...]:
    """The calls of a trial that was not cut off."""
    return trial.exchange.tool_calls if trial.exchange.finish_reason != "length" else ()


def is_empty(call: ToolCall) -> bool:
    """Whether nothing at all stands where the arguments belong."""
    return not call.arguments.strip()


def words(call: ToolCall) -> str:
    """The arguments as evidence."""
    return call.arguments[:60] if call.arguments.strip() else f"nothing ({call.arguments_type})"
