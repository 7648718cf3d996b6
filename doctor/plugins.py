"""Check and playbook files: found in folders, loaded by path, never imported by name.

The bundled folders are `doctor/_bundled/` in an installed wheel and the repository's own in a checkout. A user's
folder holds `checks/<category>/*.py` and `playbooks/<category>/*.md` in the same way, and a file of the same name
replaces the bundled one.
"""

import functools
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from doctor.check import Check
from doctor.contained import Contained
from doctor.context import Context
from doctor.errors import PluginError
from doctor.model import Category, Depth, Symptom, Verdict
from doctor.playbooks import Playbook, read_playbook

T = TypeVar("T", Check, Playbook)
SUBJECTS = ("server", "index", "embedder")
DEEP_DEADLINE_S = 120.0
QUICK_DEADLINE_S = 45.0
PASSIVE_DEADLINE_S = 10.0
DEADLINES_S = {Depth.PASSIVE: PASSIVE_DEADLINE_S, Depth.QUICK: QUICK_DEADLINE_S, Depth.DEEP: DEEP_DEADLINE_S}


def bundled_folder() -> Path:
    """Where the bundled `checks` and `playbooks` folders are."""
    here = Path(__file__).resolve().parent
    bundled = here / "_bundled"
    return bundled if bundled.is_dir() else here.parent


def load_checks(folders: Iterable[Path] = ()) -> tuple[Check, ...]:
    """Bundled checks and those of `folders`, by category and id. Raises PluginError for a folder without any."""
    found = {check.id: check for check in bundled_checks()}
    for folder in _sound(folders):
        for path, category in _files(folder / "checks", "*.py"):
            found[path.stem] = load_check(path, category, str(folder))
    return _in_order(found.values())


def load_playbooks(folders: Iterable[Path] = ()) -> tuple[Playbook, ...]:
    """Bundled playbooks and those of `folders`, in the order in which causes are eliminated."""
    found = {book.id: book for book in bundled_playbooks()}
    for folder in _sound(folders):
        for path, category in _files(folder / "playbooks", "*.md"):
            found[path.stem] = read_playbook(path, category)
    return _in_order(found.values())


@functools.cache
def bundled_checks() -> tuple[Check, ...]:
    """The checks that come with the program, read once: a view or an exporter makes run after run."""
    return _in_order(load_check(*file) for file in _files(bundled_folder() / "checks", "*.py"))


@functools.cache
def bundled_playbooks() -> tuple[Playbook, ...]:
    """The playbooks that come with the program, read once."""
    return _in_order(read_playbook(*file) for file in _files(bundled_folder() / "playbooks", "*.md"))


def _in_order(found: Iterable[T]) -> tuple[T, ...]:
    return tuple(sorted(found, key=lambda one: (list(Category).index(one.category), one.id)))


def load_check(path: Path, category: Category, origin: str = "bundled") -> Check:
    """One check file as a Check; a file that cannot be used is a check that is `broken`, with the reason."""
    with Contained() as crash:
        return _loaded(path, category, origin)
    return _broken(path, category, origin, crash.reason)


def _loaded(path: Path, category: Category, origin: str) -> Check:
    module = _module(path)
    run = getattr(module, "check", None)
    doc = inspect.cleandoc(module.__doc__ or "")
    if not inspect.iscoroutinefunction(run):
        return _broken(path, category, origin, "the file has no `async def check(context)`")
    if not doc:
        return _broken(path, category, origin, "the file has no docstring that says what it checks")
    depth = Depth(getattr(module, "DEPTH", Depth.QUICK))
    subject = getattr(module, "SUBJECT", SUBJECTS[0])
    if subject not in SUBJECTS:
        return _broken(path, category, origin, f"SUBJECT is {subject!r} and not one of {', '.join(SUBJECTS)}")
    return Check(
        id=path.stem,
        category=category,
        title=doc.splitlines()[0].rstrip("."),
        doc=doc,
        depth=depth,
        symptoms=tuple(value for value in vars(module).values() if isinstance(value, Symptom)),
        run=run,
        path=path,
        deadline_s=float(getattr(module, "DEADLINE_S", DEADLINES_S[depth])),
        subject=subject,
        origin=origin,
    )


def _broken(path: Path, category: Category, origin: str, reason: str) -> Check:
    """A stand-in that the runner reports as crashed, so that the rest of the checks goes on."""

    async def refuse(_: Context) -> Verdict:
        raise PluginError(reason)

    return Check(
        id=path.stem,
        category=category,
        title=f"{path.name} cannot be used",
        doc=f"{path.name} cannot be used: {reason}",
        depth=Depth.PASSIVE,
        symptoms=(),
        run=refuse,
        path=path,
        deadline_s=PASSIVE_DEADLINE_S,
        origin=origin,
        broken=reason,
    )


def _module(path: Path) -> ModuleType:
    """Execute the file as a module of its own name, outside `sys.path`. Raises whatever the file raises."""
    name = f"llm_doctor_check_{path.stem.replace('-', '_')}_{abs(hash(str(path))):x}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _sound(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if not (folder / "checks").is_dir() and not (folder / "playbooks").is_dir():
            msg = f"plug-in folder {folder} has neither a checks nor a playbooks folder in it"
            raise PluginError(msg)
        for path in _misplaced(folder):
            categories = ", ".join(Category)
            raise PluginError(f"{path} would not be read: it belongs into a folder called one of {categories}")
        yield folder


def _misplaced(folder: Path) -> Iterator[Path]:
    """Files that look like checks and playbooks and lie where none are looked for."""
    for root, pattern in ((folder / "checks", "*.py"), (folder / "playbooks", "*.md")):
        for path in sorted([*root.glob(pattern), *root.glob(f"*/{pattern}")]):
            place = path.parent.name
            aside = path.name.startswith(("_", ".", "README")) or place.startswith(("_", "."))
            if place not in list(Category) and not aside:
                yield path


def _files(root: Path, pattern: str) -> Iterator[tuple[Path, Category]]:
    for category in Category:
        for path in sorted((root / category.value).glob(pattern)):
            if not path.name.startswith(("_", ".")):
                yield path, category
