"""An examined index as a report and the face are given it: ranks, levers, misses, and the texts that stay local."""

import msgspec

from doctor.facts import KnownItems, Miss, Ranking
from doctor.index_wish import IndexWish
from doctor.stores.index import OpenIndex
from doctor.stores.store import Chunk

BASE = (1,) * 12 + (3,) * 2 + (7,) * 4 + (0,) * 2
ITEMS = KnownItems(
    made_by="words of the chunks",
    k=4,
    base=Ranking(name="as it is", ranks=BASE, depth=50, corpus=900),
    control=Ranking(name="control", ranks=(0,) * 19 + (4,), depth=50, corpus=900),
    levers=(
        Ranking(name="questions with the prefix 'search_query: '", ranks=(1,) * 18 + (0,) * 2, depth=50, corpus=900),
        Ranking(name="keywords (BM25)", ranks=(1,) * 20, depth=50, corpus=900, note="favoured: own words"),
    ),
    worst=(
        Miss(question=18, expected=("c18",), rank=0, instead=("c3", "c4")),
        Miss(question=14, expected=("c14",), rank=7, instead=("c18",)),
    ),
)
FACTS = {"KnownItems": msgspec.to_builtins(ITEMS)}


def open_index() -> OpenIndex:
    """The index with what was read of it; its store is closed."""
    index = OpenIndex(None, None, "docs", IndexWish())
    index.questions = [f"question about zanzibar {n}" for n in range(20)]
    index.rows = {f"c{n}": Chunk(id=f"c{n}", text=f"the quokka of chunk {n}\x1b[31m") for n in range(20)}
    return index
