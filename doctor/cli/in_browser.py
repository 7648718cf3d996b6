"""`llm-doctor --serve`: the full-screen view in a browser, for machines without a screen."""

import asyncio
import sys

from doctor.address import is_loopback
from doctor.cli import exits
from doctor.cli.output import say
from doctor.errors import UsageError

PORT = 8765
DEFAULT = f"127.0.0.1:{PORT}"
ANY = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - refused, not bound
NEEDED = 'the browser view needs the extra web: pip install "llm-doctor[web]"'


def serve_face(targets: tuple[str, ...], listen: str, *, allow_treat: bool) -> int:
    """Serve until interrupted. Raises UsageError."""
    host, port = address(listen)
    try:
        from doctor.tui.web.doorkeeper import Doorkeeper
        from doctor.tui.web.server import BrowserServer, bound
    except ModuleNotFoundError as error:
        raise UsageError(NEEDED) from error
    words = [sys.executable, "-m", "doctor", *(word for target in targets for word in ("--target", target))]
    words += ["--in-browser", *(["--allow-treat"] if allow_treat else [])]
    server = BrowserServer(words, Doorkeeper())
    name = f"[{host}]" if ":" in host else host
    if not is_loopback(host):
        say("this address is reached from other machines, and what is sent is not encrypted; a tunnel is safer:")
        say(f"ssh -L {port}:127.0.0.1:{port} THIS-MACHINE")
    asyncio.run(server.run(bound(host, port), name, _ready))
    return exits.OK


def _ready(url: str) -> None:
    say(f"open {url}")
    say("the address works once; Ctrl-C ends")


def address(text: str) -> tuple[str, int]:
    """Host and port. Raises UsageError, also for an address that stands for all: no Host could be checked then."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--listen {text!r} is not an address; write it as {DEFAULT}")
    if host in ANY:
        raise UsageError("--listen needs the address that the browser will name, not one that stands for all")
    return host, int(port)
