"""Text survives the tokenizer.

What: whether digits, accents, Chinese characters, emoji and code come back when the server cuts them into tokens and
joins them again, and whether ten digits fall into as many tokens as the named pre-tokenizer makes of them.

Why: a vocabulary with holes drops letters from every prompt; a pre-tokenizer of another family cuts numbers wrongly,
and sums, dates and code suffer.

How: the server's own routes for tokens; nothing is generated.

Limits: servers that show their tokenizer (llama.cpp, vLLM). Vocabularies that normalise text by design (BERT, T5) are
not judged.
"""

from doctor.api import Context, Depth, Finding, Skip, Symptom, TokenTrips, Verdict, plain, probed, seen, verdict

DEPTH = Depth.PASSIVE
LOST = Symptom(id="tokenizer-loses-text", title="Text is lost in the tokenizer")
DIGITS = Symptom(id="digits-cut-otherwise", title="Numbers are cut otherwise than the pre-tokenizer says")
NORMALISING = ("bert", "t5")  # llama.cpp's names of vocabularies that fold case and accents by design
FACTOR = 2  # a vocabulary that lacks a few numbers needs a token or two more


async def check(context: Context) -> Verdict:
    """Judge the trips, then the digits."""
    trips = await context.fact(TokenTrips)
    if trips.vocabulary in NORMALISING:
        raise Skip(f"a vocabulary of the kind {trips.vocabulary} folds text by design")
    whole = probed("texts that came back whole", f"{sum(t.whole for t in trips.trips)} of {len(trips.trips)}")
    cut = probed("tokens of ten digits", trips.digit_tokens, "tokens", trips.source)
    findings: list[Finding] = []
    if broken := [trip for trip in trips.trips if not trip.whole]:
        came = probed(f"{plain(broken[0].text, 30)!r} came back as", plain(broken[0].back, 30), "", trips.source)
        text = f"{len(broken)} of {len(trips.trips)} texts do not survive being cut into tokens and joined again"
        findings.append(seen(LOST, "tokenizer", text, whole, came))
    expected = trips.digits_expected
    if expected and trips.digit_tokens and trips.digit_tokens > FACTOR * expected:
        text = f"ten digits take {trips.digit_tokens} tokens; the pre-tokenizer {trips.pre_tokenizer} makes {expected}"
        findings.append(seen(DIGITS, "tokenizer", text, cut, probed("pre-tokenizer", trips.pre_tokenizer)))
    return verdict(*findings, measured=[whole, cut])
