"""What a fault of the Ollama façade puts in the place of the model's own text."""

import contextlib
import re
from typing import TYPE_CHECKING, Any

import msgspec

from doctor.ward.generation import Wanted
from doctor.ward.ollama_chat import Parts
from doctor.ward.ollama_shapes import Claims

if TYPE_CHECKING:
    from doctor.ward.facade_ollama import Faults

LONG_ANSWER = 64  # tokens asked for
LOOP_TEXT = "The river is wide and slow. "
RULELESS_TEXT = "That is a very good question, and I will gladly tell you more."
HOT: dict[str, Any] = {"temperature": 1.5, "top_k": 0, "top_p": 1.0, "min_p": 0.0}
CODE = re.compile(r"code for (\w+) door is (\d+)")  # as the probes hide them
NOWHERE = "The text does not say."
ENDS = 0.1  # of a text, on either side
SHORT_WORDS = 600


def prescribed(faults: "Faults", claims: Claims, wanted: Wanted) -> str:
    """The prescribed text, "" where the model speaks for itself."""
    long = int(wanted.options.get("n_predict", 0)) >= LONG_ANSWER and not wanted.tools
    if faults.loops_when_greedy and long and not wanted.options.get("temperature"):
        return LOOP_TEXT * 12
    if claims.prose and long:
        return claims.prose
    if 0 < faults.forgets_rules_after < len(wanted.messages):
        return RULELESS_TEXT
    if faults.recalls and (answer := recalled(faults.recalls, "".join(str(m.get("content")) for m in wanted.messages))):
        return answer
    return faults.canned


def recalled(which: str, text: str) -> str:
    """The codes that a model of such a recall finds in a text; "" where none are hidden."""
    hidden = list(CODE.finditer(text))
    if which == "ends":
        found = [code for code in hidden if not ENDS < code.start() / len(text) < 1 - ENDS]
    else:
        found = hidden if len(text.split()) < SHORT_WORDS else []
    return "\n".join(f"{code[1]}={code[2]}" for code in found) or (NOWHERE if hidden else "")


async def byte_by_byte(parts: Parts) -> Parts:
    """The parts of a stream whose bytes somebody turned into text one at a time."""
    async with contextlib.aclosing(parts):
        async for part in parts:
            text = "".join(bytes((byte,)).decode("utf-8", "replace") for byte in part.text.encode())
            yield msgspec.structs.replace(part, text=text)
