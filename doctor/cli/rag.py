"""`llm-doctor rag`: the user's own index and its embedder, read and never changed."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from doctor.cli.face import face
from doctor.cli.options import CONTEXT, OneOf, fail_on_option, plugins_option, printing, seconds
from doctor.cli.output import Delivery, on_terminal
from doctor.errors import StoreError

if TYPE_CHECKING:
    from doctor.context import Target
    from doctor.index_wish import IndexWish
    from doctor.report.retrieval import LocalTexts
    from doctor.stores.opening import Found
    from doctor.stores.store import Fields
    from doctor.stores.worker import Worker

DEADLINE_S = 600.0
OPEN_S = 300.0  # copying a large index takes its time
CLOSE_S = 10.0
MAX_K = 200
MAX_SAMPLE = 20_000
MAX_QUESTIONS = 2_000
MAX_COLLECTIONS = 20  # examined in one run; more have to be named
STORES = ["chroma", "qdrant", "lancedb", "faiss", "sqlite-vec", "pgvector"]
DEPTHS = ["passive", "quick", "deep"]
# Options that say what to do with the report and not what is examined; the collection is named apart.
NOT_REPEATED = (
    "collections",
    "only",
    "skip",
    "format_name",
    "output",
    "no_color",
    "fail_on",
    "deadline",
    "plugins",
    "tui",
    "show_texts",
)
T = TypeVar("T")
Filter = dict[str, str | int | float | bool]


def pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> Filter:
    """Option callback: KEY=VALUE, the value a number or truth value where it looks like one."""
    found: Filter = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not key or not equals:
            msg = f"{text!r} is not of the form KEY=VALUE"
            raise click.BadParameter(msg, ctx, param)
        found[key] = _value(value)
    return found


def _value(text: str) -> str | int | float | bool:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text.strip('"') if text.startswith('"') and text.endswith('"') else text


@click.command("rag", context_settings=CONTEXT)
@click.argument("place", metavar="INDEX")
@click.option("--collection", "collections", metavar="C", multiple=True, help="Only this collection. Repeatable.")
@click.option("--target", metavar="URL", default="", help="The server that embeds. Default: one found on this machine.")
@click.option(
    "--embed-model", metavar="M", default="", help="The embedding model. Default: the one that the server has."
)
@click.option("--chat-target", metavar="URL", default="", help="The server that answers. Default: the one that embeds.")
@click.option("--chat-model", metavar="M", default="", help="The model that answers.")
@click.option(
    "-k",
    "k",
    type=click.IntRange(1, MAX_K),
    metavar="N",
    help="Passages that your pipeline fetches. Default: as recorded, else 4.",
)
@click.option("--query-prefix", metavar="TEXT", help="What your pipeline puts in front of questions.")
@click.option("--document-prefix", metavar="TEXT", help="What it puts in front of chunks.")
@click.option(
    "--filter", "where", metavar="KEY=VALUE", multiple=True, callback=pairs, help="The filter that it uses. Repeatable."
)
@click.option(
    "--questions",
    "questions_file",
    metavar="FILE",
    default="",
    help="Your own questions: JSON lines or CSV with question and source.",
)
@click.option("--model-questions", is_flag=True, help="Let the chat model write the questions.")
@click.option("--documents", metavar="DIR", default="", help="The folder of the source files, to find stale chunks.")
@click.option("--store", type=OneOf(STORES), help="What the index is, where that cannot be seen.")
@click.option(
    "--metric",
    type=OneOf(["cosine", "dot", "l2"]),
    help="What your queries compare by, where the store does not say.",
)
@click.option("--text-field", metavar="NAME", default="", help="The field that holds the chunk's text.")
@click.option("--vector-field", metavar="NAME", default="", help="The field that holds the vector.")
@click.option("--texts-file", metavar="FILE", default="", help="FAISS: the texts, a JSON object a line.")
@click.option("--sample", type=click.IntRange(1, MAX_SAMPLE), metavar="N", help="Rows to read. Default: 1000.")
@click.option(
    "--questions-count",
    "questions",
    type=click.IntRange(1, MAX_QUESTIONS),
    metavar="N",
    help="Questions to make. Default: 100.",
)
@click.option("--seed", type=int, default=0, metavar="N", help="Of the sample. Default: 0.")
@click.option("--only", metavar="ID|CATEGORY", multiple=True, help="Run only these checks. Repeatable.")
@click.option("--skip", metavar="ID|CATEGORY", multiple=True, help="Leave these checks out. Repeatable.")
@click.option(
    "--depth",
    type=OneOf(DEPTHS),
    default="quick",
    help="passive only reads the index; deep also asks the model that answers. Default: quick.",
)
@printing
@fail_on_option
@click.option(
    "--deadline", callback=seconds, default=DEADLINE_S, metavar="S", help="End after S seconds. Default: 600."
)
@click.option("--api-key-file", metavar="F", help="A file with the key of the servers; - is standard input.")
@click.option("--store-key-file", metavar="F", help="A file with the key of a Chroma or Qdrant server.")
@click.option("--show-texts", is_flag=True, help="Show questions and passages also where the output is no terminal.")
@click.option("--tui", is_flag=True, help="Open the full-screen view.")
@plugins_option
def rag(  # noqa: PLR0913 - click hands over one parameter an option
    *,
    place: str,
    collections: tuple[str, ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    depth: str,
    wish: Delivery,
    fail_on: str,
    deadline: float,
    plugins: tuple[Path, ...],
    tui: bool,
    show_texts: bool,
    **said: Any,  # noqa: ANN401 - what is said about the pipeline, taken over by name
) -> int:
    """Find out why documents are not found: your index and its embedder.

    INDEX is a folder of Chroma, of Qdrant's local mode or of LanceDB, a .faiss file, an SQLite file with vec0
    tables, Open WebUI's data folder, or the address of a Chroma, Qdrant or PostgreSQL server. It is only read.

    \b
    Examples:
      llm-doctor rag ./chroma --target http://127.0.0.1:11434 -k 5
      llm-doctor rag ~/open-webui/data --collection handbook
      llm-doctor rag postgresql://me@localhost/docs --questions mine.jsonl
    """  # noqa: D301 - click's mark for lines to be kept as they are
    from doctor.cli.check import examine, key_of
    from doctor.cli.settings import thresholds
    from doctor.model import Depth
    from doctor.runner import RunPlan
    from doctor.stores.store import Fields

    fields = Fields(**{name: said.pop(f"{name}_field", "") for name in ("text", "vector")},
                    metric=said.pop("metric") or "", texts_file=said.pop("texts_file"))  # fmt: skip
    options = _options_said()
    key_file = said.pop("store_key_file")
    key = key_of(key_file, (place,)) if key_file else ""
    with reading(place, fields, said.pop("store") or "", key, collections, _wishes(said)) as targets:
        again = tuple(_with_command(target, options) for target in targets)
        plan = RunPlan(
            targets=again,
            depth=Depth(depth),
            only=only,
            skip=skip,
            deadline_s=deadline,
            plugins=plugins,
            thresholds=thresholds(),
        )
        if tui:
            return face(plan)
        shown = show_texts or on_terminal(sys.stdout)
        return examine(plan, wish, fail_on, texts=lambda: _texts(again) if shown else None)


def _texts(targets: "tuple[Target, ...]") -> "dict[str, LocalTexts]":
    """The texts of questions and chunks, for the person at the terminal."""
    from doctor.report.retrieval import local_texts

    return {target.url: local_texts(target.index) for target in targets if target.index}


def _options_said() -> list[str]:
    """The options about index and pipeline as they were typed, for a command that examines the same again."""
    context = click.get_current_context()
    words: list[str] = []
    for param in context.command.params:
        typed = context.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
        if not typed or param.name in NOT_REPEATED or not isinstance(param, click.Option):
            continue
        value = context.params.get(param.name or "")
        values = [f"{k}={v}" for k, v in value.items()] if isinstance(value, dict) else [value]
        words += [param.opts[-1]] if value is True else [w for v in values for w in (param.opts[-1], str(v))]
    return words


def _with_command(target: "Target", options: list[str]) -> "Target":
    """The target with the command that examines it alone."""
    import msgspec

    index = target.index
    assert index is not None  # noqa: S101 - for the type checker: targets of this command have one
    words = ("llm-doctor", "rag", index.found.place, "--collection", index.collection, *options)
    return msgspec.structs.replace(target, again=words)


def _wishes(said: dict[str, Any]) -> "IndexWish":
    """What was said about pipeline and servers. Raises UsageError."""
    from doctor.cli.check import key_of
    from doctor.index_wish import IndexWish
    from doctor.questions_file import read_questions

    target, file = said.pop("target"), said.pop("api_key_file")
    given = {name: value for name, value in said.items() if value is not None}
    own = given.pop("questions_file")
    return IndexWish(
        asked=read_questions(own) if own else (),
        embedder_url=_address(target, "--target"),
        chat_url=_address(given.pop("chat_target"), "--chat-target"),
        api_key=key_of(file, (target,) if target else ()) if file else "",
        **given,
    )


def _address(text: str, option: str) -> str:
    """A server's address as the other commands take it, "" for none. Raises UsageError."""
    if not text:
        return ""
    from doctor.discover import parse_target

    return parse_target(text, origin=option).url


@contextlib.contextmanager
def reading(
    place: str, fields: "Fields", kind: str, key: str, collections: tuple[str, ...], wish: "IndexWish"
) -> "Iterator[tuple[Target, ...]]":
    """The collections of an index as targets, open for the time of a `with` block. Raises StoreError, UsageError."""
    from doctor.stores.opening import opened
    from doctor.stores.worker import Worker

    kind = kind or _kind_of_server(place)
    worker = Worker()
    found = None
    try:
        found = _done(worker, lambda: opened(place, fields, kind=kind, api_key=key))
        yield _targets(found, worker, collections, wish)
    finally:
        if found is not None:
            with contextlib.suppress(TimeoutError, StoreError):
                worker.do(found.store.close, CLOSE_S)
        worker.end()


def _done(worker: "Worker", work: Callable[[], T]) -> T:
    try:
        return worker.do(work, OPEN_S)
    except TimeoutError as error:
        raise StoreError(f"the index could not be opened within {OPEN_S:.0f} s") from error


def _kind_of_server(place: str) -> str:
    """Which store answers at an address, by its own signature; "" for a path. Raises StoreError."""
    if not place.startswith(("http://", "https://")):
        return ""
    import asyncio

    from doctor.stores.server import kind_of_server

    return asyncio.run(kind_of_server(place))


def _some_rows(found: "Found", names: tuple[str, ...]) -> None:
    """Raise StoreError when none of the collections holds a row, or can be described at all."""
    refused: list[StoreError] = []
    for name in names:
        try:
            if found.store.describe(name).count:
                return
        except StoreError as error:
            refused.append(error)
    if refused:
        raise refused[0]
    titles = ", ".join(found.titles.get(name, name) for name in names)
    noun = "the collection" if len(names) == 1 else "none of the collections"
    raise StoreError(
        f"{noun} {titles} at {found.place} holds {'no' if len(names) == 1 else 'any'} rows, so there is nothing to "
        "diagnose; index your documents first, or name another collection with --collection"
    )


def _targets(found: "Found", worker: "Worker", wanted: tuple[str, ...], wish: "IndexWish") -> "tuple[Target, ...]":
    from doctor.context import Target
    from doctor.stores.index import OpenIndex, collections_of

    names = _done(worker, lambda: collections_of(found, wanted))
    if len(names) > MAX_COLLECTIONS:
        shown = ", ".join(found.titles.get(name, name) for name in names[:MAX_COLLECTIONS])
        raise StoreError(f"the index has {len(names)} collections; choose some with --collection: {shown}, ...")
    store = found.store
    _done(worker, lambda: _some_rows(found, names))
    return tuple(
        Target(url=f"{store.kind}:{store.place}#{name}", origin="rag", index=OpenIndex(found, worker, name, wish))
        for name in names
    )
