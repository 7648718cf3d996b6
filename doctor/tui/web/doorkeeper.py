"""Who may come in: one browser, by a token that works once, under the exact name that was printed.

The Host check keeps out pages that point a name of their own at this machine; the Origin check keeps out pages of other
sites that a browser here has open; the token keeps out the other people of this machine.
"""

import hmac
import secrets

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

TOKEN_BYTES = 32
COOKIE = "llm-doctor-session"
WRONG_NAME = "This server answers under the address that it printed only.\n"
WRONG_PAGE = "A page of another site may not talk to this server.\n"
NO_ENTRY = "Open the address that llm-doctor printed. It works once; another browser needs another start.\n"


class Doorkeeper:
    """Holds the token until it is used, and then the session that it was changed into."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self.session = ""
        self.place = ""  # host:port, as printed; known once the port is

    def address(self) -> str:
        """What the user opens."""
        return f"http://{self.place}/?token={self.token}"

    def refusal(self, request: web.Request) -> str:
        """Why this request is not answered, "" when it may come in."""
        if request.headers.getall("Host", []) != [self.place]:
            return WRONG_NAME
        origin = request.headers.get("Origin")
        if origin != f"http://{self.place}" and (origin is not None or request.path == "/ws"):
            return WRONG_PAGE
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return WRONG_PAGE
        return "" if self.knows(request) else NO_ENTRY

    def knows(self, request: web.Request) -> bool:
        """Whether this is the browser that came with the token."""
        return bool(self.session) and _same(request.cookies.get(COOKIE, ""), self.session)

    def admits(self, request: web.Request) -> bool:
        """Whether the token is brought, for the first time."""
        return request.path == "/" and not self.session and _same(request.query.get("token", ""), self.token)

    def admitted(self) -> web.Response:
        """The token is used up; the browser is known by a cookie from now on, and the address loses the token."""
        self.session, self.token = secrets.token_urlsafe(TOKEN_BYTES), secrets.token_urlsafe(TOKEN_BYTES)
        answer = web.Response(status=303, headers={"Location": "/"})
        answer.set_cookie(COOKIE, self.session, httponly=True, samesite="Strict", path="/")
        return answer

    def middleware(self) -> Middleware:
        """The check before every handler, and the headers after it."""

        @web.middleware
        async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
            why = self.refusal(request)
            if why == NO_ENTRY and self.admits(request):
                return self._dressed(self.admitted())
            if why:
                return self._dressed(web.Response(status=403, text=why))
            return self._dressed(await handler(request))

        return door

    def _dressed(self, answer: web.StreamResponse) -> web.StreamResponse:
        if not answer.prepared:
            answer.headers.update(
                {
                    "Content-Security-Policy": f"default-src 'self'; connect-src 'self' ws://{self.place}; "
                    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
                    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
                    "Referrer-Policy": "no-referrer",
                    "Cache-Control": "no-store",
                    "X-Content-Type-Options": "nosniff",
                    "X-Frame-Options": "DENY",
                }
            )
        return answer


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
