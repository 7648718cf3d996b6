"""Patients drawn at random from the ward's own and varied: the first cause must be right, the healthy be left alone.

python -m doctor.ward.fuzz [--draws N] [--seed N] [--only N]        # Markdown on stdout, progress on stderr

A draw depends on the seed and its number only, so `--only` repeats one of them.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from random import Random

import msgspec

from doctor.interval import wilson
from doctor.ward.matrix import Outcome, examined
from doctor.ward.patients import Patient, shipped
from doctor.ward.variations import varied

DRAWS = 200
SEED = 20261126
TARGET_SHARE = 0.97
HEALTHY_SHARE = 1 / 3  # of the draws


def drawn(patients: Sequence[Patient], seed: int, number: int) -> Patient:
    """The patient of one draw."""
    chance = Random(f"{seed}/{number}")  # noqa: S311 - a game, not a secret
    healthy = chance.random() < HEALTHY_SHARE
    return varied(chance.choice([one for one in patients if one.healthy is healthy]), chance)


def right(outcome: Outcome) -> bool:
    """Whether the first cause is the one to find; for a healthy patient, whether nothing was raised."""
    expect = outcome.patient.expect
    if outcome.crashed:
        return False
    if outcome.patient.healthy:
        return not outcome.false_alarms
    if not expect.causes:
        return not outcome.missed
    return bool(outcome.confirmed) and outcome.confirmed[0] in expect.causes


def summary(outcomes: Sequence[tuple[int, Outcome]], seed: int) -> str:
    """The figures and a row for each draw that went wrong."""
    sick = [outcome for _, outcome in outcomes if not outcome.patient.healthy]
    healthy = [outcome for _, outcome in outcomes if outcome.patient.healthy]
    found = sum(map(right, sick))
    alarmed = sum(bool(outcome.false_alarms) for outcome in healthy)
    low, high = wilson(found, len(sick))
    share = found / len(sick) if sick else 1.0
    lines = [
        f"Seed {seed}, {len(outcomes)} draws from {len({one.patient.id for _, one in outcomes})} patients. The first"
        f" cause was right in {found} of {len(sick)} sick ones ({share:.1%}, 95 % interval {low:.1%} to {high:.1%}); "
        f"{alarmed} of {len(healthy)} healthy ones raised an alarm.",
    ]
    wrong = [(number, outcome) for number, outcome in outcomes if not right(outcome)]
    if wrong:
        lines += ["", "| draw | patient | must be found | found | unexplained |", "|---|---|---|---|---|"]
        lines += [
            f"| {number} | {one.patient.id} | {', '.join(one.patient.expect.causes) or 'nothing'} | "
            f"{', '.join(one.confirmed) or 'nothing'} | {', '.join(one.unexplained) or 'none'} |"
            for number, one in wrong
        ]
    return "\n".join(lines) + "\n"


async def main(arguments: Sequence[str]) -> int:
    """Examine the draws; 1 where the targets are missed."""
    options = argparse.ArgumentParser(prog="python -m doctor.ward.fuzz", description=__doc__)
    options.add_argument("--draws", type=int, default=DRAWS)
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--only", type=int, help="repeat one draw and show its patient")
    wish = options.parse_args(arguments)
    patients = shipped()
    outcomes: list[tuple[int, Outcome]] = []
    for number in range(wish.draws) if wish.only is None else (wish.only,):
        patient = drawn(patients, wish.seed, number)
        if wish.only is not None:
            sys.stderr.write(msgspec.json.format(msgspec.json.encode(patient), indent=2).decode() + "\n")
        outcome = await examined(patient)
        outcomes.append((number, outcome))
        word = "right" if right(outcome) else f"WRONG {outcome.confirmed} {outcome.unexplained} {outcome.crashed}"
        sys.stderr.write(f"{number:4} {patient.id:32} {outcome.seconds:6.1f} s  {word}\n")
    sys.stdout.write(summary(outcomes, wish.seed))
    sick = [right(outcome) for _, outcome in outcomes if not outcome.patient.healthy]
    alarms = any(outcome.false_alarms for _, outcome in outcomes if outcome.patient.healthy)
    return int(alarms or sum(sick) < TARGET_SHARE * len(sick))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
