"""`llm-doctor serve`: the Prometheus exporter."""

import asyncio
import signal
from typing import TYPE_CHECKING

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, seconds
from doctor.cli.orderly import orderly_end
from doctor.cli.output import say
from doctor.errors import UsageError

if TYPE_CHECKING:
    from doctor.context import Target

PORT = 9877
CODES = {signal.SIGTERM: exits.OK, signal.SIGINT: exits.INTERRUPTED}  # to be told to end is no fault of a server


@click.command("serve", context_settings=CONTEXT)
@click.option("--target", "targets", metavar="URL", multiple=True, help="A server to look at, or its name. Repeatable.")
@click.option("--targets-file", metavar="FILE", help="A file with one target a line; # begins a comment.")
@click.option("--listen", default=f"127.0.0.1:{PORT}", metavar="HOST:PORT", help=f"Default: 127.0.0.1:{PORT}.")
@click.option("--interval", callback=seconds, default=15.0, metavar="S", help="Seconds between looks. Default: 15.")
@click.option("--api-key-file", metavar="F", help="A file with the key of the targets.")
def serve(
    *, targets: tuple[str, ...], targets_file: str | None, listen: str, interval: float, api_key_file: str | None
) -> int:
    """Serve /metrics, /probe?target=&module=health|passive and /healthz for Prometheus.

    Only the targets named here or in the settings are ever asked. Nothing makes a model generate.

    \b
    Examples:
      llm-doctor serve --target http://127.0.0.1:8080
      llm-doctor serve --targets-file targets.txt --listen 0.0.0.0:9877
    """  # noqa: D301 - click's mark for lines to be kept as they are
    from doctor.cli.check import key_of, named_targets
    from doctor.cli.target_list import read_targets

    words = (*targets, *(read_targets(targets_file) if targets_file else ()))
    key = key_of(api_key_file, words) if api_key_file else ""
    found = named_targets(words, key=key)
    if not found:
        raise UsageError("serve needs --target, --targets-file or targets in the settings: it asks nobody else")
    host, port = _address(listen)
    return asyncio.run(_served(found, host, port, interval))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--listen {text!r} is not an address; write it as 127.0.0.1:{PORT}")
    return host.strip("[]") or "127.0.0.1", int(port)


async def _served(targets: "tuple[Target, ...]", host: str, port: int, interval: float) -> int:
    from doctor.cli.settings import thresholds
    from doctor.exporter import Exporter
    from doctor.exporter import serve as listening

    stop = asyncio.Event()
    exporter = Exporter(targets, interval, thresholds=thresholds())
    with orderly_end(stop, CODES) as codes:
        try:
            server = await listening(exporter, host, port)
        except OSError as error:
            raise UsageError(f"{host}:{port} cannot be listened on: {error.strerror or error}") from error
        place = server.sockets[0].getsockname()
        say(f"{len(targets)} targets, metrics at http://{place[0]}:{place[1]}/metrics")
        async with server, exporter.looking():
            await stop.wait()
    return codes[0]
