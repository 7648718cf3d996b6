"""P08: two user messages in a row, as after an aborted answer; deep: a late system message, an answer first."""

from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.pace import STOP_AFTER_S
from doctor.context import Context
from doctor.facts import Exchange, RoleShapes
from doctor.model import Depth

MESSAGES = [{"role": "user", "content": "Hello."}, {"role": "user", "content": "What is 2 + 2?"}]
LATE_SYSTEM = [
    {"role": "user", "content": "Hello."},
    {"role": "assistant", "content": "Hello!"},
    {"role": "system", "content": "Answer in one word."},
    {"role": "user", "content": "What is 2 + 2?"},
]
ASSISTANT_FIRST = [
    {"role": "assistant", "content": "Hello! How can I help?"},
    {"role": "user", "content": "What is 2 + 2?"},
]
MAX_TOKENS = 8


async def collect_role_shapes(context: Context) -> RoleShapes:
    """The answer or the refusal; what the answer says does not matter."""
    await ready(context)
    answer = await ask(context, "P08", MESSAGES, max_tokens=MAX_TOKENS, stream=True, stop_after_s=STOP_AFTER_S)
    late: Exchange | None = None
    opened: Exchange | None = None
    if context.depth.covers(Depth.DEEP):
        late = await ask(context, "P08 late system", LATE_SYSTEM, max_tokens=MAX_TOKENS)
        opened = await ask(context, "P08 assistant first", ASSISTANT_FIRST, max_tokens=MAX_TOKENS)
    return RoleShapes(two_users=answer, late_system=late, assistant_first=opened)
