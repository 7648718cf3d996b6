"""What a device's name says: the words that make the model, its memory, GPU cores, how many of it, a laptop's mark.

Drivers, shops and people write one card in many ways: "NVIDIA GeForce RTX 4090 Laptop GPU", "rtx4090 mobile".
"""

import re

import msgspec

# Words that makers put around a model's name.
NOISE = re.compile(
    r"\b(?:nvidia|geforce|amd|ati|radeon|intel|apple|tesla|graphics|gpus?|tm|r|w|with|generation|edition|design|ryzen"
    r"|corporation|integrated)\b|[()\[\],_+]"
)
LAPTOP = frozenset({"laptop", "mobile", "max-q", "notebook"})
# A word behind a model's number that makes it another model.
OTHER_MODEL = frozenset({"ti", "super", "xt", "xtx", "gre", "max", "pro", "ultra", "ada", "sff", "d", "plus", "elite"})
MEMORY = re.compile(r"^(\d+)(?:gb|gib|g)$")
# "40c", "40-core GPU", "(16-core CPU, 40-core GPU)": the GPU's where both are named.
GPU_CORES = re.compile(r"\b(\d{1,3})[ -]?(?:c|cores?)\b(?![ -]?(?:cpu|processor))")
COUNT_BEFORE = re.compile(r"^\s*(\d{1,2})\s*(?:[x×*]\s*|\s)(?=[a-z])", re.IGNORECASE)
COUNT_BEHIND = re.compile(r"^(.*\S)\s*[x×*]\s*(\d{1,2})\s*$", re.IGNORECASE | re.DOTALL)
MOST_DEVICES = 16


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """A name taken apart. `words` are those of the model; numbers are 0 where the name does not say."""

    words: tuple[str, ...]
    marks: frozenset[str] = frozenset()
    memory_gib: int = 0
    cores: int = 0

    def means(self, model: tuple[str, ...]) -> bool:
        """Whether a model's words follow each other in this name, and none behind makes it another model."""
        for start in range(len(self.words) - len(model) + 1):
            end = start + len(model)
            if self.words[start:end] == model:
                return end == len(self.words) or self.words[end] not in OTHER_MODEL
        return False


def taken_apart(text: str) -> Name:
    """The parts of a name."""
    lower = text.lower().replace("®", " ").replace("™", " ").replace("max q", "max-q")
    cores = GPU_CORES.search(lower)
    words = _words(GPU_CORES.sub(" ", lower))
    memory = next((int(found[1]) for found in map(MEMORY.match, words) if found), 0)
    return Name(
        words=tuple(word for word in words if word not in LAPTOP and not MEMORY.match(word)),
        marks=LAPTOP & frozenset(words),
        memory_gib=memory,
        cores=int(cores[1]) if cores else 0,
    )


def several(text: str) -> tuple[int, str]:
    """How many devices a text names ("2x RTX 3090", "RTX 3090 x2"), and the name of one of them."""
    before = COUNT_BEFORE.match(text)
    if before:
        count, rest = int(before[1]), text[before.end() :]
    else:
        behind = COUNT_BEHIND.match(text)
        if not behind:
            return 1, text
        count, rest = int(behind[2]), behind[1]
    return (count, rest.strip()) if 1 <= count <= MOST_DEVICES else (1, text)


def alternatives(text: str) -> tuple[str, ...]:
    """The names in a list of PCI names: "Navi 31 [Radeon RX 7900 XT/7900 XTX/7900M]" are three cards."""
    inside = re.search(r"\[([^\]]*/[^\]]*)\]", text)
    listed = inside[1] if inside else text
    parts = [part.strip() for part in re.split(r"\s*/\s*", listed) if part.strip()]
    if len(parts) < 2 or not all(re.search(r"\d{3}", part) for part in parts[1:]):
        return (text,)
    lead = re.match(r"\D*", parts[0])
    series = lead[0] if lead else ""
    return tuple(part if index == 0 or re.match(r"\D", part) else series + part for index, part in enumerate(parts))


def _words(text: str) -> list[str]:
    text = re.sub(r"\b(\d+)\s+(gb|gib)\b", r"\1\2", NOISE.sub(" ", text)).replace("/", " ")
    text = re.sub(r"\b([abhklmptv]\d+s?)-(?=[a-z\d])", r"\1 ", text)
    text = re.sub(r"\b(pcie|sxm\d?|hbm\d)-(?=\d)", r"\1 ", text)
    text = re.sub(r"\bsxm\d\b", "sxm", text)
    text = re.sub(r"\b(rtx|gtx|rx|arc|pro)-?([abw]?\d{3,4})", r"\1 \2", text)
    text = re.sub(r"\b(\d{4})(ti|super|xtx|xt|gre)\b", r"\1 \2", text)
    return re.sub(r"\brtx (?=a\d{3,4}\b)", "", text).split()
