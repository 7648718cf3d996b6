"""The model stops by itself and shows no marks of its template.

What: after a list of three items: does generation end, do markers of the template stand in the text, does an answer
begin with the name of a role.

Why: a model that does not know its end token goes on and plays both sides of the conversation until a limit stops it.
Markers in the text show that template, tokenizer and end tokens do not belong together.

How: a list of three fruits with 32 tokens at most. If it runs into the limit, it is asked for again with the template's
end marker as a stop text: when that cures it, the end token is the fault.

Limits: a chatty model that adds a sentence is fine; only invented turns and markers count.
"""

import contextlib
import re

from doctor.api import (
    Context,
    Depth,
    Echo,
    Finding,
    ListAnswer,
    Severity,
    Skip,
    Symptom,
    Verdict,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
RUNS_ON = Symptom(id="runs-on", title="The model does not stop and invents turns", severity=Severity.CRITICAL)
MARKER = Symptom(id="marker-leak", title="Markers of the chat template stand in the answer")
ROLE = Symptom(id="role-word-leak", title="Answers begin with the name of a role")
SHOWN = Symptom(id="end-marker-shown", title="Answers end by themselves and show the marker that ended them")
CURES = Symptom(id="stop-marker-cures", title="The end marker as a stop text ends the answer")
MARKERS = re.compile(
    r"<\|[a-z][\w ]{1,30}\|>|</s>|<(?:start|end)_of_turn>|<turn\|>|\[/?INST\]|<</?SYS>>"
    r"|^### (?:User|Human|Instruction)",
    re.IGNORECASE | re.MULTILINE,
)
# A turn of the conversation that the model invents: a role word alone on its line, or before a colon.
TURN = re.compile(r"\n\s*(?:user|assistant|human|system)\s*(?:\n|:)", re.IGNORECASE)
OPENING = re.compile(r"\A\s*(?:assistant|model)\s*(?:\n|:)", re.IGNORECASE)


async def check(context: Context) -> Verdict:
    """Judge the list, and the copied line for the same marks."""
    answer = await context.fact(ListAnswer)
    listed = answer.exchange
    if not listed.ok or listed.only_thought:
        raise Skip("there is no answer to judge: " + (listed.error or "thinking took all of it"))
    texts = [listed.content]
    with contextlib.suppress(Skip):
        texts.append((await context.fact(Echo)).exchange.content)
    end = probed("how the list ended", listed.finish_reason or "cut by us", "", listed.route)
    text = probed("list", plain(listed.content, 90), "", "probe P04")
    findings: list[Finding] = []
    if leaked := [found.group() for each in texts for found in MARKERS.finditer(each)]:
        marker = probed("marker in the text", leaked[0], "", "probes P02, P04")
        findings.append(
            seen(MARKER, "plain text", f"the answer shows {leaked[0]!r}, which clients should never see", marker)
        )
        if listed.finish_reason == "stop" and all(MARKERS.search(each[-len(leaked[-1]) - 2 :]) for each in texts):
            shown = f"answers end rightly and carry {leaked[-1]!r} at their end: special tokens are written out"
            findings.append(seen(SHOWN, "plain text", shown, marker, end))
    if all(OPENING.match(each) for each in texts):
        findings.append(seen(ROLE, "plain text", "every answer begins with the name of a role", text))
    if listed.finish_reason != "stop" and (TURN.search(listed.content) or MARKERS.search(listed.content)):
        ran = f"a list of three items did not end within {listed.max_tokens} tokens and goes on with invented turns"
        findings.append(seen(RUNS_ON, "plain text", ran, text, end))
        if answer.with_stop is not None and answer.with_stop.ok and answer.with_stop.finish_reason == "stop":
            with_stop = probed("stop text that ended it", answer.end_marker, "", "probe P04")
            findings.append(
                seen(CURES, "plain text", f"with {answer.end_marker!r} as stop text the answer ends", with_stop)
            )
    return verdict(*findings, measured=[end, text])
