"""The door to the network: what it returns, what it raises, what it never does. Real sockets, no engine."""

import asyncio
import json

import pytest
from openai import APIConnectionError, AsyncOpenAI

from doctor.context import tallied
from doctor.errors import Malformed, Refused, TooLate, Unreachable, UsageError
from doctor.http import Client, decode_json, origin_of
from doctor.ward.fault_server import Reader, Writer, answering, http, routed, serving


def recording(heads: list[bytes], answer: bytes):
    async def fault(reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        writer.write(answer)
        await writer.drain()

    return fault


async def test_any_status_is_an_answer_with_lower_case_headers():
    async with (
        serving(answering(http(418, b"{}", headers={"X-Colour": "Blue"}))) as server,
        Client(server.url) as client,
    ):
        answer = await client.get("/")
    assert (answer.status, answer.headers["x-colour"], answer.json()) == (418, "Blue", {})


async def test_post_sends_json_and_the_key_to_its_own_origin():
    heads: list[bytes] = []
    async with serving(recording(heads, http(200, b"{}"))) as server, Client(server.url, api_key="secret") as client:
        await client.post("/v1/chat/completions", {"model": "m"})
    head = heads[0].lower()
    assert b"authorization: bearer secret" in head
    assert b"content-type: application/json" in head
    assert b"accept-encoding: identity" in head


async def test_redirects_are_answers_not_followed():
    heads: list[bytes] = []
    away = http(302, b"", headers={"Location": "/elsewhere"})
    async with serving(recording(heads, away)) as server, Client(server.url) as client:
        answer = await client.get("/")
    assert answer.status == 302
    assert len(heads) == 1


async def test_a_total_deadline_ends_a_dripping_body():
    loop = asyncio.get_running_loop()
    async with serving("slow-body") as server, Client(server.url) as client:
        began = loop.time()
        with pytest.raises(TooLate, match=r"within 0\.3 s"):
            await client.get("/", deadline_s=0.3)
    assert loop.time() - began < 4.5  # the usual deadline is 5 s, and a busy machine may need long to wake us up


async def test_bodies_are_cut_at_the_cap_and_then_are_no_json():
    async with serving("endless-body") as server, Client(server.url) as client:
        answer = await client.get("/", max_bytes=1000)
    assert len(answer.body) == 1000
    with pytest.raises(Malformed, match="larger"):
        answer.json()


async def test_a_refused_connection_says_so():
    async with Client("http://127.0.0.1:1") as client:
        with pytest.raises(Unreachable, match="refused") as caught:
            await client.get("/")
    assert caught.value.how == "refused"


async def test_an_unknown_name_says_so():
    async with Client("http://no-such-host.invalid:80") as client:
        with pytest.raises(Unreachable) as caught:
            await client.get("/")
    assert caught.value.how == "no-such-name"


async def test_a_first_line_that_is_no_http_is_quoted():
    async with serving("status-word") as server, Client(server.url) as client:
        with pytest.raises(Malformed, match="FINE"):
            await client.get("/")


async def test_requests_are_counted_for_the_check_that_makes_them():
    async with serving("html") as server, Client(server.url) as client:
        with tallied() as tally:
            await client.get("/")
            await client.get_once("/")
            await client.get_once("/")
    assert tally.requests == 2


async def test_a_prefix_goes_in_front_of_every_path():
    routes = {"/llm/v1/models": http(200, b'{"data":[]}')}
    async with serving(routed(routes, http(404, b""))) as server, Client(server.url) as client:
        client.prefix = "/llm"
        answer = await client.get("/v1/models")
    assert answer.status == 200


async def test_streamed_lines_come_without_ends_and_empty_lines():
    body = b'data: {"a":1}\r\n\r\n\ndata: [DONE]'
    async with serving(answering(http(200, body))) as server, Client(server.url) as client:
        lines = [line async for line in client.lines("/x", {}, deadline_s=2)]
    assert lines == [b'data: {"a":1}', b"data: [DONE]"]


async def test_a_refused_stream_raises_with_status_and_words():
    async with serving(answering(http(400, b'{"error":"no"}'))) as server, Client(server.url) as client:
        with pytest.raises(Refused, match="no") as caught:
            _ = [line async for line in client.lines("/x", {}, deadline_s=2)]
    assert caught.value.status == 400


async def test_an_endless_line_of_a_stream_is_given_up():
    async with serving("endless-line") as server, Client(server.url) as client:
        with pytest.raises(Malformed, match="1 MiB"):
            _ = [line async for line in client.lines("/x", {}, deadline_s=5)]


async def test_a_stream_that_stops_talking_ends_at_its_deadline():
    async with serving("slow-body") as server, Client(server.url) as client:
        with pytest.raises(TooLate):
            _ = [line async for line in client.lines("/x", {}, deadline_s=0.3)]


async def test_the_openai_client_runs_on_it():
    answer = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}],
    }
    routes = {"/v1/chat/completions": http(200, json.dumps(answer).encode())}
    async with serving(routed(routes, http(404, b""))) as server, Client(server.url) as client:
        sdk = AsyncOpenAI(base_url=server.url + "/v1", api_key="k", max_retries=0, http_client=client.for_openai())
        said = await sdk.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
    assert said.choices[0].message.content == "hi"


async def test_the_openai_client_cannot_leave_the_origin():
    async with serving("openai") as server, Client("http://127.0.0.1:1") as client:
        sdk = AsyncOpenAI(base_url=server.url + "/v1", api_key="k", max_retries=0, http_client=client.for_openai())
        with pytest.raises(APIConnectionError):
            await sdk.models.list()


async def test_the_openai_client_has_a_total_deadline():
    loop = asyncio.get_running_loop()
    async with serving("slow-body") as server, Client(server.url) as client:
        http_client = client.for_openai(deadline_s=0.3)
        sdk = AsyncOpenAI(base_url=server.url + "/v1", api_key="k", max_retries=0, http_client=http_client)
        began = loop.time()
        with pytest.raises(APIConnectionError):
            await sdk.models.list()
    assert loop.time() - began < 5  # the usual deadline is 300 s


@pytest.mark.parametrize("body", [b"", b"NaN", b"[1e999]", b"1" * 5000, b"[" * 200_000, b"\xff\xfe{\0}\0", b'{"a":'])
def test_hostile_json_is_malformed(body):
    with pytest.raises(Malformed):
        decode_json(body)


def test_json_of_millions_of_lists_is_refused_before_it_is_built():
    with pytest.raises(Malformed, match="more lists"):
        decode_json(b"[" + b"[]," * 300_000 + b"[]]")


def test_a_byte_order_mark_is_forgiven():
    assert decode_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080"),
        ("https://host", "https://host:443"),
        ("http://[::1]:1234/", "http://[::1]:1234"),
    ],
)
def test_the_origin_is_scheme_host_and_port(url, origin):
    assert origin_of(url) == origin


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://h:99999", "http://user:secret@h", "nonsense"])
def test_addresses_that_cannot_be_used_are_refused_without_showing_a_password(url):
    with pytest.raises(UsageError) as caught:
        origin_of(url)
    assert "secret" not in str(caught.value)


def test_a_key_with_a_newline_is_refused():
    with pytest.raises(UsageError, match="API key"):
        Client("http://127.0.0.1:1", api_key="a\r\nX-Evil: 1")
