"""`llm-doctor probe`: the question of a container's health check, answered within a second."""

import asyncio

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, OneOf, seconds
from doctor.cli.output import put

DEADLINE_S = 0.9  # Kubernetes gives a probe one second by default


@click.command("probe", context_settings=CONTEXT)
@click.argument("kind", metavar="live|ready", type=OneOf(["live", "ready"]))
@click.option("--target", "url", metavar="URL", required=True, help="The server.")
@click.option("--deadline", callback=seconds, default=DEADLINE_S, metavar="S", help="Default: 0.9 seconds.")
@click.option("--api-key-file", metavar="F", help="A file with the server's key.")
def probe(kind: str, url: str, deadline: float, api_key_file: str | None) -> int:
    """Exit with 0 when the server is live, or ready; with 2 when it is not. One line says why.

    live stays 0 while a model loads, so that nobody restarts a server for it; ready does not.
    """
    from doctor.cli.check import key_of, named_targets
    from doctor.health import look

    key = key_of(api_key_file, (url,)) if api_key_file else ""
    (target,) = named_targets((url,), key=key)
    found = asyncio.run(look(target, deadline))
    good = found.live if kind == "live" else found.ready
    why = found.reason or ("no model is there" if found.models == 0 else found.state)
    written = put(
        f"{'ok' if good else 'not ' + kind}: {found.runtime or 'no server'} {found.version} {why}".rstrip() + "\n"
    )
    return exits.UNKNOWN if not written else exits.OK if good else exits.CRITICAL
