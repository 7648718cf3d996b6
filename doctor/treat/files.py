"""Files changed whole or not at all, with a copy of what was there, and put back byte for byte.

A new content is written under another name in the same folder, synced, given the old mode and owner, and renamed over
the old one. A link is followed and kept. What cannot be put back is refused before anything is touched.
"""

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from doctor.errors import TreatError
from doctor.treat.acts import Before, Edit
from doctor.treat.sync import sync_folder

MAX_BYTES = 8 << 20  # a unit, a compose file or a template is far below


def planned(path: str, content: bytes, kept: Path, number: int, say: str = "") -> Edit:
    """The edit that gives a file this content; a copy of the old one is made in `kept`. Raises TreatError."""
    place = Path(os.path.realpath(Path(path).expanduser()))
    before = _before(place, kept, number)
    temporary = str(place.with_name(f".{place.name[:80]}.llm-doctor-{secrets.token_hex(6)}"))
    return Edit(say=say, before=before, content=content, digest=digest(content), temporary=temporary)


def done(edit: Edit) -> None:
    """Write the new content. Raises TreatError; the old content is then still there."""
    before = edit.before
    with _told(before.path):
        if _digest_of(Path(before.path)) != before.digest:
            raise TreatError(f"{before.path} was changed since it was read; nothing was changed: run the command again")
        for folder in before.folders:
            Path(folder).mkdir(exist_ok=True)
        _replace(Path(before.path), edit.content, Path(edit.temporary), before)


def undone(edit: Edit, kept: Path) -> None:
    """Put the old content back, or take the file away where there was none.

    Raises TreatError when the file was changed by somebody else since: their work is not thrown away.
    """
    before, path = edit.before, Path(edit.before.path)
    with _told(before.path):
        Path(edit.temporary).unlink(missing_ok=True)
        now = _digest_of(path)
        if now == edit.digest:
            if before.kept:
                _replace(path, (kept / before.kept).read_bytes(), Path(edit.temporary), before)
            else:
                path.unlink(missing_ok=True)
        elif now != before.digest:
            raise TreatError(
                f"{path} was changed after the treatment and is left as it is; its content from before the treatment "
                f"is in {kept / before.kept if before.kept else 'no file: there was none'}"
            )
        for folder in reversed(before.folders):
            with contextlib.suppress(OSError):  # not empty: somebody else put something there
                Path(folder).rmdir()


def digest(content: bytes) -> str:
    """The content's fingerprint."""
    return hashlib.sha256(content).hexdigest()


def _before(path: Path, kept: Path, number: int) -> Before:
    """What is there now, with a synced copy of it. Raises TreatError for what could not be put back as it was."""
    with _told(str(path)):
        try:
            about = path.stat()
        except FileNotFoundError:
            missing = [folder for folder in path.parents if not folder.exists()]
            _may_write(missing[-1].parent if missing else path.parent)
            return Before(path=str(path), folders=tuple(str(folder) for folder in reversed(missing)))
        _refuse_odd(path, about)
        _may_write(path.parent)
        content = path.read_bytes()
        copy = kept / f"file-{number}"
        with os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(kept)
        mode = stat.S_IMODE(about.st_mode)
        return Before(
            path=str(path),
            kept=copy.name,
            digest=digest(content),
            mode=mode,
            owner=about.st_uid,
            group=about.st_gid,
        )


def _refuse_odd(path: Path, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise TreatError(f"{path} is not an ordinary file; it is left alone")
    if about.st_nlink > 1:
        raise TreatError(
            f"{path} has {about.st_nlink} names (hard links), which a replacement would part; edit it by hand"
        )
    if about.st_size > MAX_BYTES:
        raise TreatError(f"{path} is larger than {MAX_BYTES >> 20} MiB, which no settings are; it is left alone")
    if hasattr(os, "geteuid") and os.geteuid() not in (0, about.st_uid):
        raise TreatError(f"{path} belongs to another user; edit it as that user")
    if not os.access(path, os.W_OK):
        raise TreatError(f"{path} is read-only; nothing was changed")


def _may_write(folder: Path) -> None:
    if not os.access(folder, os.W_OK):
        raise TreatError(f"{folder} cannot be written to; nothing was changed")


def _replace(path: Path, content: bytes, temporary: Path, before: Before) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if before.owner >= 0 and hasattr(os, "chown"):
            os.chown(temporary, before.owner, before.group)
        temporary.chmod(before.mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def _digest_of(path: Path) -> str:
    """The fingerprint of what is there; "" for nothing."""
    try:
        return digest(path.read_bytes())
    except FileNotFoundError:
        return ""


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """What the system says about a file becomes a sentence."""
    try:
        yield
    except OSError as error:
        raise TreatError(f"{path} cannot be changed: {error.strerror or error}") from error
