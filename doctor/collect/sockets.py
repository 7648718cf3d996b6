"""Names to addresses and connections to them, each attempt with its outcome in plain words."""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import threading
import time

from doctor.facts import Tried

RESOLVE_S = 3.0
CONNECT_S = 2.0
HANDSHAKE_S = 1.0
BANNER_S = 0.5
BANNER_BYTES = 256
MAX_ADDRESSES = 100  # a name with more is a trap


def is_own(address: str) -> bool:
    """Whether an IP address belongs to an interface of this machine: only then can a socket be bound to it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


async def addresses(host: str, port: int, deadline_s: float = RESOLVE_S) -> tuple[str, ...]:
    """The addresses of a host in the system's order, () when the name does not resolve.

    Raises TimeoutError. The system's resolver cannot be interrupted, so it runs in a thread that nobody waits for.
    """
    with contextlib.suppress(ValueError):
        return (str(ipaddress.ip_address(host)),)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[str, ...]] = loop.create_future()

    def settle(found: tuple[str, ...]) -> None:
        if not answer.done():
            answer.set_result(found)

    def resolve() -> None:
        found: tuple[str, ...] = ()
        with contextlib.suppress(OSError, UnicodeError):
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = tuple(dict.fromkeys(str(info[4][0]) for info in infos))[:MAX_ADDRESSES]
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=resolve, daemon=True, name="resolve").start()
    return await asyncio.wait_for(answer, deadline_s)


async def try_connect(address: str, port: int, deadline_s: float = CONNECT_S) -> Tried:
    """One attempt to connect, closed at once. Never raises."""
    began = time.monotonic()
    state, detail = "open", ""
    try:
        async with asyncio.timeout(deadline_s):
            _, writer = await asyncio.open_connection(address, port)
        writer.transport.abort()
    except TimeoutError:
        state = "timeout"
    except ConnectionRefusedError:
        state = "refused"
    except ConnectionResetError:
        state = "reset"
    except (OSError, OverflowError) as error:
        state, detail = "broken", _words(error)
    seconds = round(time.monotonic() - began, 4)
    return Tried(address=address, port=port, state=state, seconds=seconds, detail=detail)


async def banner(address: str, port: int) -> bytes:
    """First bytes that a port says to a plain request, b"" when it says nothing. Never raises."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(address, port)
        try:
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            async with asyncio.timeout(BANNER_S):
                return await reader.read(BANNER_BYTES)
        finally:
            writer.transport.abort()
    return b""


async def speaks_tls(address: str, port: int) -> bool:
    """Whether the port answers a TLS greeting with TLS, whatever its certificate is worth. Never raises."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(HANDSHAKE_S):
            _, writer = await asyncio.open_connection(address, port, ssl=context)
        writer.transport.abort()
    except ssl.SSLError as error:
        # An alert is TLS too; anything else that arrived instead of a greeting is reported as a wrong version.
        return "ALERT" in (error.reason or "")
    except (OSError, TimeoutError):
        return False
    return True


def _words(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
