"""P26, deep: lines in three scripts, each copied as a stream and in one piece, to find characters cut in two."""

from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.pace import STOP_AFTER_S, scorable
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import CopiedLines, CopyPair
from doctor.model import Depth

LINES = {"Latin": "São Paulo, Łódź, naïve café", "Chinese": "東京 和 北京 的 天气", "emoji": "🙂 🚀 🎉 👍"}
MAX_TOKENS = 64


async def collect_copied_lines(context: Context) -> CopiedLines:
    """Six answers. Raises Skip below depth deep and on a refusal."""
    if context.depth is not Depth.DEEP:
        raise Skip("needs depth deep")
    await ready(context)
    await scorable(context)
    pairs = []
    for script, line in LINES.items():
        messages = [
            {"role": "system", "content": "You copy text exactly."},
            {"role": "user", "content": f"Copy this line exactly, nothing else: `{line}`"},
        ]
        streamed = await ask(context, "P26", messages, max_tokens=MAX_TOKENS, stream=True, stop_after_s=STOP_AFTER_S)
        whole = await ask(context, "P26 whole", messages, max_tokens=MAX_TOKENS)
        if not (streamed.ok and whole.ok):
            raise Skip(f"a line to copy was refused ({streamed.error or whole.error})")
        pairs.append(CopyPair(script=script, expected=line, streamed=streamed, whole=whole))
    return CopiedLines(pairs=tuple(pairs))
