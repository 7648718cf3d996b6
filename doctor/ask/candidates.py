"""The causes that a complaint may mean: those worth naming, and those worth looking for."""

from collections.abc import Sequence

import msgspec

from doctor.ask.match import Match
from doctor.playbooks import Playbook

NAMED = 5  # more causes than that are no help to anybody
NEAR = 0.4  # of the best score: what is further from the words than that is another complaint


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A cause that the words sound like, counted from 1, and the words behind it."""

    rank: int
    book: Playbook
    score: float
    because: tuple[str, ...]

    @property
    def provable(self) -> bool:
        """Whether some check could prove it."""
        return bool(self.book.proved_by)


def candidates(matches: Sequence[Match]) -> tuple[Candidate, ...]:
    """The likely causes, most likely first; none where the words say nothing that is known here."""
    likely = [match for match in matches if match.likely and match.score >= NEAR * matches[0].score]
    return tuple(
        Candidate(rank=rank, book=match.book, score=round(match.score, 3), because=match.because)
        for rank, match in enumerate(likely[:NAMED], 1)
    )
