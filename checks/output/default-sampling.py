"""A client that sends no sampling gets sane text.

What: a line copied three times without temperature, penalties or any other sampling field.

Why: many clients send none. Then the model's or the server's own settings decide, and a very high temperature or a
strong penalty spoils answers although every test with settings of its own passes.

How: the line of the probe echo, three times; it counts when the copy at temperature 0 is right and two of the three
without settings are not.

Limits: depth deep only. Which setting does it is read from the server, see the check model-settings.
"""

from doctor.api import Context, DefaultSampling, Depth, Echo, Skip, Symptom, Verdict, plain, probed, seen, verdict

DEPTH = Depth.DEEP
DEADLINE_S = 120.0
SPOILT = Symptom(id="defaults-spoil-answers", title="The server's own settings spoil answers", semantic=True)
GOOD_COPY, BAD_COPY = 0.95, 0.9  # similarity, as in probe P02
BAD_TO_COUNT = 2


async def check(context: Context) -> Verdict:
    """Compare copies with and without settings."""
    greedy = (await context.fact(Echo)).similarity
    default = await context.fact(DefaultSampling)
    if greedy < GOOD_COPY:
        raise Skip("the line is copied badly at temperature 0 already, so the settings cannot be judged")
    told = [
        similarity
        for exchange, similarity in zip(default.exchanges, default.similarities, strict=True)
        if exchange.ok and not exchange.only_thought and not exchange.stopped_early
    ]
    if len(told) < BAD_TO_COUNT:
        raise Skip("thinking or refusals took the answers")
    copies = probed("copies without settings", ", ".join(f"{each:.2f}" for each in told), "similarity", "probe P06b")
    sure = probed("copy at temperature 0", round(greedy, 2), "similarity", "probe P02")
    bad = sum(each < BAD_COPY for each in told)
    if bad < BAD_TO_COUNT:
        return verdict(measured=[copies, sure])
    worst = min(zip(told, default.exchanges, strict=False), key=lambda item: item[0])[1]
    sample = probed("worst of them", plain(worst.text, 60), "", worst.route)
    text = f"{bad} of {len(told)} copies without sampling fields are wrong; at temperature 0 the line is right"
    return verdict(seen(SPOILT, "sampling", text, copies, sure, sample))
