"""What a quick run leaves out where its questions would take too long: a plan that follows the measured rates.

The whole quick set takes about 59 s on a model that reads 500 and writes 20 tokens a second. Once an answer has shown
the real rates, the rest is estimated; while it is over the aim, blocks fall in a fixed order. What falls is skipped
with the reason, and nothing of it is asked of the server.
"""

from collections.abc import Iterable

import msgspec

AIM_S = 60.0  # that the answers of a quick run may take together
MEASURABLE_TOKENS = 8  # an answer or a prompt shorter than this shows no rate
MEASURABLE_PROMPT = 200
SHORT_CANARY_TOKENS = 2048  # what the long text shrinks to


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Probes that are asked together: what they cost, and how the purposes of their requests begin."""

    name: str
    prompt_tokens: int
    output_tokens: int
    purposes: tuple[str, ...]

    def seconds(self, prompt_tok_s: float, decode_tok_s: float) -> float:
        """How long its answers take at these rates."""
        return self.prompt_tokens / prompt_tok_s + self.output_tokens / decode_tok_s


# Prompt and output tokens of each block: as counted on the wire for a healthy model, with room for one more question.
BLOCKS = (
    Block(name="liveness", prompt_tokens=80, output_tokens=2, purposes=("P01",)),
    Block(name="sanity", prompt_tokens=250, output_tokens=76, purposes=("P02", "P03", "P06")),
    Block(name="stop and roles", prompt_tokens=250, output_tokens=40, purposes=("P04", "P07", "P08")),
    Block(name="thinking", prompt_tokens=50, output_tokens=16, purposes=("P12",)),
    Block(name="speed", prompt_tokens=2400, output_tokens=98, purposes=("P13", "P14", "P15")),
    Block(name="long text", prompt_tokens=5200, output_tokens=50, purposes=("canary", "accounting")),
    Block(name="long text, other route", prompt_tokens=2500, output_tokens=1, purposes=("route",)),
    Block(name="tools", prompt_tokens=1500, output_tokens=150, purposes=("tools T", "tools:")),
    Block(name="streamed tools", prompt_tokens=600, output_tokens=60, purposes=("tools streamed",)),
    Block(name="tool result", prompt_tokens=300, output_tokens=20, purposes=("tool result",)),
    Block(name="tool choice", prompt_tokens=600, output_tokens=40, purposes=("tool choice", "tools choice")),
    Block(name="retrieval", prompt_tokens=800, output_tokens=0, purposes=("retrieval",)),
    Block(name="schema", prompt_tokens=100, output_tokens=24, purposes=("schema",)),
)
SHORT_CANARY = Block(
    name="long text", prompt_tokens=SHORT_CANARY_TOKENS, output_tokens=50, purposes=("canary", "accounting")
)
# What falls first. The long text shrinks and is never left out: whether prompts are cut is settled before the rest.
DROP_ORDER = ("long text, other route", "tool choice", "retrieval", "tool result", "long text", "streamed tools")


class Plan:
    """The blocks of one quick run: which have begun, what they took, and what is left out."""

    def __init__(self, aim_s: float = AIM_S) -> None:
        self.aim_s = aim_s
        self.spent_s = 0.0
        self.prompt_tok_s: float | None = None
        self.decode_tok_s: float | None = None
        self.begun: set[str] = set()
        self.dropped: dict[str, str] = {}

    def begin(self, purpose: str) -> str:
        """Why a request with this purpose is left out, "" when it is asked. Decides anew as long as rates change."""
        block = block_of(purpose)
        if block is None:
            return ""
        if block.name not in self.begun:
            self._decide()
        if block.name in self.dropped and block.name != SHORT_CANARY.name:
            return self.dropped[block.name]
        self.begun.add(block.name)
        return ""

    def long_text_tokens(self) -> int | None:
        """The most prompt tokens that the long text may have, None for no limit by this plan."""
        if SHORT_CANARY.name not in self.begun:
            self._decide()
        return SHORT_CANARY_TOKENS if SHORT_CANARY.name in self.dropped else None

    def note(self, seconds: float, prompt: tuple[int, float | None], output: tuple[int, float | None]) -> None:
        """Book an answer: how long it took, and tokens with their rate (tokens per second) read and written."""
        self.spent_s += seconds
        if prompt[0] >= MEASURABLE_PROMPT and prompt[1]:
            self.prompt_tok_s = prompt[1]
        if output[0] >= MEASURABLE_TOKENS and output[1]:
            self.decode_tok_s = output[1]

    def _decide(self) -> None:
        if self.decode_tok_s is None:
            return
        # Without a measured prompt the usual relation of the two rates stands in: a GPU reads 25 times faster.
        prompt_tok_s = self.prompt_tok_s or 25 * self.decode_tok_s
        waiting = [block for block in BLOCKS if block.name not in self.begun | set(self.dropped)]
        left_s = self.aim_s - self.spent_s
        for name in left_out(waiting, left_s, prompt_tok_s, self.decode_tok_s):
            total_s = self.spent_s + sum(block.seconds(prompt_tok_s, self.decode_tok_s) for block in waiting)
            self.dropped[name] = (
                f"left out to keep a quick run short: at {self.decode_tok_s:.0f} tok/s all of it would take "
                f"{total_s:.0f} s, over {self.aim_s:.0f} s; --depth deep asks it"
            )


def left_out(waiting: Iterable[Block], left_s: float, prompt_tok_s: float, decode_tok_s: float) -> tuple[str, ...]:
    """Names of the blocks that fall, in their order, until the others fit into the seconds left."""
    by_name = {block.name: block for block in waiting}
    total_s = sum(block.seconds(prompt_tok_s, decode_tok_s) for block in by_name.values())
    fallen: list[str] = []
    for name in DROP_ORDER:
        if total_s <= left_s:
            break
        if name in by_name:
            kept_s = SHORT_CANARY.seconds(prompt_tok_s, decode_tok_s) if name == SHORT_CANARY.name else 0.0
            total_s -= by_name[name].seconds(prompt_tok_s, decode_tok_s) - kept_s
            fallen.append(name)
    return tuple(fallen)


def block_of(purpose: str) -> Block | None:
    """The block that a request belongs to, by how its purpose begins; the longest beginning wins."""
    if "streamed" in purpose and purpose.startswith("tools"):
        purpose = "tools streamed"
    found = [(len(start), block) for block in BLOCKS for start in block.purposes if purpose.startswith(start)]
    return max(found, key=lambda item: item[0])[1] if found else None
