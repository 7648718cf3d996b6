"""The web server: textual-serve's pages and sockets behind our own door."""

import asyncio
import contextlib
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web
from textual_serve.server import Server

from doctor.errors import UsageError
from doctor.tui.web.doorkeeper import Doorkeeper

TEMPLATES = Path(__file__).parent
MOST_SESSIONS = 3  # each is a process of its own that examines the servers
FULL = "Three sessions are open already; close one of them.\n"


class BrowserServer(Server):
    """textual-serve with a guarded door, a page that loads nothing from elsewhere, and a bound on its processes."""

    def __init__(self, command: Sequence[str], door: Doorkeeper) -> None:
        words = list(command)
        line = subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
        super().__init__(line, title="llm-doctor", templates_path=TEMPLATES)
        self.door = door
        self.sessions = 0

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.router.add_get("/focus.js", self.focus_script)
        app.middlewares.append(self.door.middleware())
        return app

    async def focus_script(self, request: web.Request) -> web.FileResponse:
        """The page's own few lines."""
        return web.FileResponse(TEMPLATES / "focus.js")

    async def on_startup(self, app: web.Application) -> None:
        """No banner: the command line says what there is to say."""

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """One session, if there is room for it."""
        if self.sessions >= MOST_SESSIONS:
            raise web.HTTPServiceUnavailable(text=FULL)
        self.sessions += 1
        try:
            return await super().handle_websocket(request)
        finally:
            self.sessions -= 1

    async def run(self, listening: socket.socket, name: str, ready: Callable[[str], None]) -> None:
        """Serve until SIGINT or SIGTERM; `ready` is told the address to open."""
        self.door.place = f"{name}:{listening.getsockname()[1]}"
        self.public_url = f"http://{self.door.place}"
        stop = asyncio.Event()
        with contextlib.suppress(NotImplementedError):
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
        runner = web.AppRunner(await self._make_app(), access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
            ready(self.door.address())
            await stop.wait()
        finally:
            await runner.cleanup()


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises UsageError."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UsageError(f"{host}:{port} cannot be listened on: {error.strerror or error}") from error
