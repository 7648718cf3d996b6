"""The view in a real Chromium, and the door in front of it; the app behind it is the real one, on no server at all."""

import asyncio
import contextlib
import shutil
import sys

import pytest

from doctor.http import Client
from doctor.tui.web.doorkeeper import COOKIE

pytestmark = [pytest.mark.timeout(120)]
CHROMIUM = shutil.which("chromium")
READY_S, DRAWN_S = 40, 60
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
NOWHERE = "http://127.0.0.1:9"


@contextlib.asynccontextmanager
async def served(*options):
    """The address that `llm-doctor --serve` printed, and the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "doctor",
        "--target",
        NOWHERE,
        "--serve",
        "--listen",
        "127.0.0.1:0",
        *options,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(READY_S):
            line = (await process.stderr.readline()).decode()
        yield line.partition("open ")[2].strip(), process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def parts(address):
    base, _, query = address.partition("/?")
    return base, "/?" + query


async def asked(base, path="/", **headers):
    """An answer to somebody who has no cookies but those named."""
    async with Client(base) as client:
        return await client.get(path, headers=headers)


async def test_only_the_token_lets_in_and_it_does_so_once():
    async with served() as (address, _):
        base, entry = parts(address)
        assert (await asked(base)).status == 403
        assert (await asked(base, entry[:-1] + "x")).status == 403
        first = await asked(base, entry)
        assert first.status == 303
        assert first.headers["location"] == "/"
        cookie = first.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert (await asked(base, entry)).status == 403
        known = cookie.partition(";")[0]
        page = await asked(base, cookie=known)
        assert page.status == 200
        assert page.headers["x-frame-options"] == "DENY"
        assert "googleapis" not in page.text()
        for path in ("/ws", "/static/js/textual.js"):
            assert (await asked(base, path)).status == 403


async def test_other_names_and_other_sites_are_refused_even_with_the_cookie():
    async with served() as (address, _):
        base, entry = parts(address)
        port = base.rpartition(":")[2]
        known = (await asked(base, entry)).headers["set-cookie"].partition(";")[0]
        assert known.startswith(COOKIE)
        for host in ("evil.example", f"localhost:{port}", "127.0.0.1", f"127.0.0.1.evil.example:{port}"):
            assert (await asked(base, cookie=known, host=host)).status == 403
        for origin in ("http://evil.example", "null", f"http://localhost:{port}", f"https://127.0.0.1:{port}"):
            assert (await asked(base, cookie=known, origin=origin)).status == 403
        upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
        assert (await asked(base, "/ws", cookie=known, **upgrade)).status == 403
        assert (await asked(base, cookie=known, **{"sec-fetch-site": "cross-site"})).status == 403
        assert (await asked(base, cookie=known, origin=base)).status == 200


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
async def test_chromium_shows_the_view_takes_keys_and_loads_nothing_from_elsewhere():
    from playwright.async_api import async_playwright

    async with served() as (address, process), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page()
        complaints, outside, frames = [], [], []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: outside.append(request.url))

        def follow(socket):
            socket.on(
                "framereceived", lambda frame: frames.append(frame if isinstance(frame, bytes) else frame.encode())
            )

        page.on("websocket", follow)
        await page.goto(address)

        async def seen(text):
            async with asyncio.timeout(DRAWN_S):
                while text.encode() not in b"".join(frames):
                    await page.wait_for_timeout(100)

        await seen("Overview")
        await seen("CRITICAL")
        frames.clear()
        await page.keyboard.press("?")
        await seen("esc closes")
        await page.keyboard.press("q")
        frames.clear()
        await page.keyboard.press("2")
        await seen("Not evaluated")
        assert b"Save" not in b"".join(frames)  # it only reads
        assert complaints == []
        base, _ = parts(address)
        assert all(url.startswith((base, "data:", "blob:")) for url in outside)
        assert "token" not in page.url
        await page.keyboard.press("q")
        await page.wait_for_selector("body.-closed", state="attached", timeout=20_000)
        await browser.close()
        assert process.returncode is None


async def test_a_missing_address_is_refused_in_words(capsys):
    from doctor.cli.main import outcome

    for listen in ("0.0.0.0:8765", "nonsense", ":80"):
        assert outcome(["--serve", "--listen", listen]) == 3
        assert "--listen" in capsys.readouterr().err
    assert outcome(["--allow-treat"]) == 3
