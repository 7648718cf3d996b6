"""P04: three items asked for, to see whether the model stops by itself."""

from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.pace import STOP_AFTER_S, scorable
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import ChatTemplate, ListAnswer, ModelCard

MESSAGES = [{"role": "user", "content": "List exactly three fruits, one per line."}]
MAX_TOKENS = 32
# What closes a turn in the template families of today, longest first.
END_MARKERS = (
    "<|end_of_turn|>",
    "<end_of_turn>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|endoftext|>",
    "<|return|>",
    "<turn|>",
    "<|end|>",
    "</s>",
)


async def collect_list_answer(context: Context) -> ListAnswer:
    """The list; when it ran on, the same again with the template's end marker as `stop`."""
    await ready(context)
    await scorable(context)
    answer = await ask(context, "P04", MESSAGES, max_tokens=MAX_TOKENS, stream=True, stop_after_s=STOP_AFTER_S)
    marker = await end_marker(context, answer.content)
    ran_on = answer.finish_reason == "length" or (answer.stopped_early and marker in answer.content)
    if not marker or not ran_on:
        return ListAnswer(exchange=answer, end_marker=marker)
    again = await ask(
        context,
        "P04 with stop",
        MESSAGES,
        max_tokens=MAX_TOKENS,
        stream=True,
        stop=[marker],
        stop_after_s=STOP_AFTER_S,
    )
    return ListAnswer(exchange=answer, end_marker=marker, with_stop=again)


async def end_marker(context: Context, content: str) -> str:
    """The marker that ended up in the text, else the one that the template or the model's card names; "" if none."""
    for marker in END_MARKERS:
        if marker in content:
            return marker
    try:
        template = (await context.fact(ChatTemplate)).text
    except Skip:
        template = ""
    for marker in END_MARKERS:
        if marker in template:
            return marker
    try:
        return (await context.fact(ModelCard)).eos_token or ""
    except Skip:
        return ""
