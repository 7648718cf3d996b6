"""The budgets of `llm-doctor rag` on a large index of every store, as a Markdown table.

    python scripts/bench_rag.py [--rows N] [STORE ...]

Needs the stores of the extra dev. Building the indexes takes longer than diagnosing them. Each index is hashed before
and after: what differs is printed and ends the run with exit code 1.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the indexes are built by the tests' own code

from tests.rag import indexes  # noqa: E402 - after the path
from tests.rag.embed_server import embedding  # noqa: E402
from tests.rag.large import Run, examined, large, summed  # noqa: E402
from tests.rag.postgres import database, postgres  # noqa: E402
from tests.rag.threaded import in_thread  # noqa: E402
from tests.stores.reading import content  # noqa: E402

ROWS = 100_000
# Qdrant's own library advises against more in its local mode, which holds all points in memory as Python lists.
MOST = {"qdrant": 20_000}
BOUND_S, BOUND_BYTES = 60.0, 500e6
STORES = ("lancedb", "faiss", "sqlite_vec", "chroma", "qdrant", "pgvector")


def measured(store: str, count: int, url: str, folder: Path) -> tuple[Run, str, float]:
    """The run on an index of this store, what it changed ("" for nothing), and seconds that building took."""
    began_s = time.perf_counter()
    if store == "pgvector":
        with postgres() as cluster:
            place, _ = indexes.pgvector(database(cluster, "large"), large(count))
            built_s = time.perf_counter() - began_s
            before = table_hash(place)
            run = examined(place, url, cwd=folder)
            return run, "" if table_hash(place) == before else "the table", built_s
    place, fields = getattr(indexes, store)(folder, large(count))
    built_s = time.perf_counter() - began_s
    before = content(place)
    more = ["--texts-file", fields.texts_file] if fields.texts_file else []
    run = examined(place, url, *more, cwd=folder)
    after = content(place)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return run, ", ".join(changed), built_s


def table_hash(url: str) -> str:
    """A hash over all rows, with the names of all relations."""
    import psycopg

    with psycopg.connect(url) as connection:
        sql = "SELECT md5(string_agg(md5(d::text), '' ORDER BY id)), (SELECT count(*) FROM pg_class) FROM docs d"
        return str(connection.execute(sql).fetchone())


def line(name: str, run: Run, changed: str, built_s: float) -> str:
    """One row of the table."""
    cells = [name, str(run.exit_code), f"{run.wall_s:.1f} s", f"{run.cpu_s:.1f} s", f"{run.wall_s / BOUND_S:.0%}"]
    cells += [f"{run.peak_bytes / 1e6:.0f} MB", f"{run.peak_bytes / BOUND_BYTES:.0%}", changed or "nothing"]
    return f"| {' | '.join(cells)} | {built_s:.0f} s |\n"


def main() -> int:
    """Print the table as it grows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("stores", nargs="*", default=STORES)
    said = parser.parse_args()
    say = sys.stdout.write
    say(f"| {said.rows} rows of 384 numbers | exit code | wall | CPU | of {BOUND_S:.0f} s | peak memory | of 500 MB |"
        " changed | built in |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")  # fmt: skip
    sound = True
    with in_thread(lambda: embedding({"all-minilm": summed})) as (url, _):
        for store in said.stores:
            count = min(said.rows, MOST.get(store, said.rows))
            with tempfile.TemporaryDirectory() as folder:
                run, changed, built_s = measured(store, count, url, Path(folder))
            sound = sound and not changed
            say(line(store if count == said.rows else f"{store}, {count} rows", run, changed, built_s))
            for target in run.document.get("targets", []):
                for finding in target["findings"]:
                    say(f"| | {finding['symptom']}: {finding['summary']} |\n")
            sys.stdout.flush()
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
