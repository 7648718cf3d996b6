"""A child ends with the process that answers for it, whoever started it and however that process ends.

The keeper listens on a loopback port, which it hands on in the environment. The child connects and waits: the system
closes the connection when the keeper ends or lets go, and the child leaves at once. A child that somebody else starts
again with the same environment is held by the same leash.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator

LEASH, LIFE_S = "LLM_WARD_LEASH", "LLM_WARD_LIFE_S"


@contextlib.contextmanager
def kept(life_s: float) -> Iterator[dict[str, str]]:
    """Variables for children; they end with the block, with this process, or after `life_s`."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as keeper:
        yield {LEASH: str(keeper.getsockname()[1]), LIFE_S: str(life_s)}


def hold() -> None:
    """In a child: leave when the keeper is gone or life is over; without a leash only its own end ends it."""
    if LIFE_S in os.environ:
        timer = threading.Timer(float(os.environ[LIFE_S]), os._exit, (0,))
        timer.daemon = True
        timer.start()
    if LEASH in os.environ:
        threading.Thread(target=_wait, args=(int(os.environ[LEASH]),), daemon=True).start()


def _wait(port: int) -> None:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as held:
        held.recv(1)
    os._exit(0)  # without clean-up: a server's own shutdown may wait for open requests
