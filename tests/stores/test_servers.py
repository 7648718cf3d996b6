"""Chroma's own server, and Qdrant's wire as a façade over its local mode, since no registry carries Qdrant's server."""

import contextlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import msgspec
import psutil
import pytest

from doctor.errors import StoreError
from doctor.stores import opened
from doctor.stores.server import kind_of_server
from doctor.stores.store import Fields
from doctor.ward.run_ward import _free_port
from doctor.ward.wire import json_reply, listening, text_reply
from tests.rag import indexes

# Importing the stores' libraries takes seconds of processor time, many times that on a busy machine.
pytestmark = pytest.mark.timeout(240)

START_S = 50.0


@contextlib.contextmanager
def chroma_server(path):
    """`chroma run` on a folder; ended at the end of the block."""
    port = _free_port((0,))
    code = "from chromadb.cli.cli import app; app()"
    command = [sys.executable, "-c", code, "run", "--path", path, "--port", str(port), "--host", "127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=Path(path).parent)
    try:
        ends_s = time.monotonic() + START_S
        while time.monotonic() < ends_s and process.poll() is None:
            with contextlib.suppress(OSError, urllib.error.URLError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=1).read()
                break
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def connections(url):
    """This process's connections to a server."""
    port = int(url.rpartition(":")[2])
    return [one for one in psutil.Process().net_connections("tcp") if one.raddr and one.raddr.port == port]


async def test_a_chroma_server_is_recognised_and_read(tmp_path, rows):
    """Chroma's own server on a folder that its library wrote."""
    place, _ = indexes.chroma(tmp_path, rows)
    with chroma_server(place) as url:
        assert await kind_of_server(url) == "chroma"
        store = opened(url, kind="chroma").store
        told = store.describe("docs")
        chunks = store.sample("docs", 0, 20)
        found = store.query("docs", chunks[0].vector, 3, {"source": chunks[0].metadata["source"]})
        again = store.sample("docs", 0, 20)
        assert connections(url)
        store.close()
        assert connections(url) == []
    assert [chunk.text for chunk in chunks] == [chunk.text for chunk in again]
    assert (told.count, told.metric, found[0]) == (60, "cosine", chunks[0].id)


class QdrantWire:
    """The routes of Qdrant's REST interface that reading needs, answered by local mode; what was asked is kept."""

    def __init__(self, path):
        from qdrant_client import QdrantClient

        self.local = QdrantClient(path=path)
        self.asked = []

    async def handle(self, request):
        self.asked.append((request.method, request.path))
        body = msgspec.json.decode(request.body) if request.body else {}
        if request.path == "/":
            return json_reply({"title": "qdrant - vector search engine", "version": "1.18.0", "commit": "x"})
        parts = request.path.strip("/").split("/")
        if parts == ["collections"]:
            return self.result({"collections": [{"name": c.name} for c in self.local.get_collections().collections]})
        answer = self.about(parts[1], "/".join(parts[2:]), body)
        return text_reply("", status=404) if answer is None else self.result(answer)

    def about(self, name, what, body):
        filter_ = self.filtered(body.get("filter"))
        if what == "":
            info = self.local.get_collection(name).model_dump(mode="json")
            return {
                **info,
                "status": "green",
                "indexed_vectors_count": 0,
                "segments_count": 1,
                "optimizer_status": "ok",
            }
        if what == "points/count":
            return {"count": self.local.count(name, count_filter=filter_).count}
        if what == "points/scroll":
            points, following = self.local.scroll(
                name,
                limit=body["limit"],
                offset=body.get("offset"),
                with_payload=body.get("with_payload", True),
                with_vectors=body.get("with_vector", False),
            )
            return {"points": [point.model_dump(mode="json") for point in points], "next_page_offset": following}
        if what == "points":
            points = self.local.retrieve(name, body["ids"], with_vectors=body.get("with_vector", False))
            return [point.model_dump(mode="json") for point in points]
        if what == "points/query":
            found = self.local.query_points(
                name, query=body["query"]["nearest"], limit=body["limit"], query_filter=filter_
            )
            return {"points": [point.model_dump(mode="json") for point in found.points]}
        return None

    def filtered(self, value):
        from qdrant_client import models

        return models.Filter.model_validate(value) if value else None

    def result(self, value):
        return json_reply({"result": value, "status": "ok", "time": 0.0})


async def test_a_qdrant_server_is_recognised_and_only_read(tmp_path, rows):
    """Façade: Qdrant's wire over its local mode, served from a thread of the test's loop."""
    import asyncio

    place, _ = indexes.qdrant(tmp_path, rows)
    wire = QdrantWire(place)
    async with listening(wire.handle) as url:
        assert await kind_of_server(url) == "qdrant"

        def read():
            store = opened(url, Fields(), kind="qdrant").store
            told = store.describe("docs")
            chunks = store.sample("docs", 0, 20)
            found = store.query("docs", chunks[0].vector, 3, {"source": chunks[0].metadata["source"]})
            texts = dict(store.texts("docs"))
            matching = store.matching("docs", {"source": chunks[0].metadata["source"]})
            store.close()
            return told, chunks, found, texts, matching

        told, chunks, found, texts, matching = await asyncio.to_thread(read)
    wire.local.close()
    assert (told.count, told.dimension, told.metric, told.status) == (60, 256, "cosine", "green")
    assert found[0] == chunks[0].id
    assert len(texts) == 60
    assert 0 < matching < 60
    writes = [
        (method, path) for method, path in wire.asked if method in {"PUT", "PATCH", "DELETE"} or path.endswith("delete")
    ]
    assert writes == []


async def test_another_server_is_refused_with_a_sentence():
    async def handle(_):
        return text_reply("hello")

    async with listening(handle) as url:
        with pytest.raises(StoreError, match="neither a Chroma nor a Qdrant server"):
            await kind_of_server(url)


async def test_a_dead_address_is_refused_with_a_sentence(dead_url):
    with pytest.raises(StoreError, match="nothing that can be read answers"):
        await kind_of_server(dead_url)
