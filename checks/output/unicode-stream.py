"""A stream carries every character whole.

What: lines of three scripts, copied as a stream and in one piece, and compared.

Why: a server, proxy or client that decodes each piece of a stream by itself breaks characters of several bytes: users
see question marks in names, Chinese text and emoji, and only while streaming.

How: six short answers at temperature 0, depth deep. Replacement characters in the stream that the whole answer does
not have are proof.

Limits: characters that the model itself writes wrongly appear in both and are no finding here.
"""

from doctor.api import Context, CopiedLines, CopyPair, Depth, Symptom, Verdict, plain, probed, seen, verdict

DEPTH = Depth.DEEP
DEADLINE_S = 150.0
CHANGED = Symptom(id="stream-breaks-script", title="Characters of some scripts break in the stream")
REPLACEMENT = "�"


async def check(context: Context) -> Verdict:
    """Count broken characters by script."""
    lines = await context.fact(CopiedLines)
    counts = ", ".join(f"{pair.script} {broken(pair)}" for pair in lines.pairs)
    measured = probed("characters broken by streaming", counts, "", "probe P26")
    bad = [pair for pair in lines.pairs if broken(pair) > 0]
    if not bad:
        return verdict(measured=[measured])
    sample = probed("streamed", plain(bad[0].streamed.content, 60), "", bad[0].streamed.route)
    whole = probed("in one piece", plain(bad[0].whole.content, 60), "", bad[0].whole.route)
    text = f"streaming breaks characters of {', '.join(pair.script for pair in bad)}; in one piece they are whole"
    return verdict(seen(CHANGED, "stream", text, measured, sample, whole))


def broken(pair: CopyPair) -> int:
    """Replacement characters that only the stream has; one at a cut end is none."""
    streamed = pair.streamed.content.rstrip(REPLACEMENT).count(REPLACEMENT)
    return max(0, streamed - pair.whole.content.count(REPLACEMENT))
