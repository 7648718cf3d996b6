"""A long text of dull sentences with four door codes hidden in it, and the reading of an answer about them.

The dull part is one block of sentences repeated, so that the tokens of a long text follow exactly from those of two
short ones: each further block adds the same number.
"""

import random
import re

import msgspec

from doctor.facts import Needle

DEPTHS = (0.02, 0.35, 0.65, 0.97)
COLOURS = ("red", "blue", "green", "yellow", "white", "black")
MATERIALS = ("copper", "brass", "wooden", "glass", "leather", "silver", "iron", "plastic", "paper", "golden", "small")
OBJECTS = ("kettle", "lamp", "coat", "drum", "map", "coin", "rope", "bell", "cup", "box", "jar", "hat", "book", "clock")
BLOCK = 20  # sentences; 120 words, about 200 tokens


class LockerText(msgspec.Struct, frozen=True, kw_only=True):
    """The prompt, and the colour, code and depth (0 to 1) of each needle in it."""

    prompt: str
    needles: tuple[tuple[str, str, float], ...]
    blocks: int

    @property
    def words(self) -> int:
        """Words between white space: the prompt cannot have fewer tokens than this."""
        return len(self.prompt.split())

    @property
    def messages(self) -> list[dict[str, str]]:
        """The text as a conversation of one user message."""
        return [{"role": "user", "content": self.prompt}]


class Lockers:
    """Sentences and codes, drawn once, so that texts of every length share them; a known `block` is used again.

    Codes are random: neither a cache nor training data can know them.
    """

    def __init__(self, rng: random.Random, block: tuple[str, ...] = ()) -> None:
        self._rng = rng
        self.block = block or tuple(
            f"Locker {rng.choice('ABCDEFGH')}{number} holds a {rng.choice(MATERIALS)} {rng.choice(OBJECTS)}."
            for number in rng.sample(range(10, 100), BLOCK)
        )
        self.colours = tuple(rng.sample(COLOURS, len(DEPTHS)))
        self.codes = tuple(str(code) for code in rng.sample(range(10_000, 100_000), len(DEPTHS)))

    def text(self, blocks: int) -> LockerText:
        """A text of this many blocks, begun with a fresh nonce so that no cached beginning can be used for it."""
        sentences = list(self.block) * blocks
        placed = tuple(zip(self.colours, self.codes, DEPTHS, strict=True))
        for colour, code, depth in sorted(placed, key=lambda item: -item[2]):
            sentences.insert(int(depth * len(self.block) * blocks), f"The code for {colour} door is {code}.")
        *first, last = self.colours
        question = f"What are the codes for the {', '.join(first)} and {last} doors? Answer with colour=code lines."
        # Digits, because most vocabularies split any eight of them into the same number of tokens.
        nonce = self._rng.randrange(10**7, 10**8)
        return LockerText(prompt=f"List {nonce}. {' '.join(sentences)}\n\n{question}", needles=placed, blocks=blocks)


def read_needles(text: LockerText, answer: str) -> tuple[Needle, ...]:
    """Which codes stand in the answer as numbers of their own, with whatever colour beside them."""
    numbers = set(re.findall(r"\d+", answer))
    return tuple(
        Needle(colour=colour, code=code, depth=depth, found=code in numbers) for colour, code, depth in text.needles
    )
