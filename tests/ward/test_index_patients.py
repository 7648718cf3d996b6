"""The ward of indexes: each sick one yields exactly its cause and exit code, each healthy one nothing.

Real stores, a real embedding model on the real engine behind a façade of the OpenAI wire; see `tests.rag.patients`.
"""

import contextlib

import pytest

from doctor.model import Depth
from doctor.ward import engine as ward_engine
from doctor.ward.matrix import EXIT_CODES
from tests.rag.embed_server import embedding
from tests.rag.minilm import MiniLm
from tests.rag.opening import diagnosed
from tests.rag.patients import HEALTHY, SICK, Room, other
from tests.rag.postgres import postgres

pytestmark = [
    pytest.mark.ward,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not ward_engine.installed(), reason="the engine's wheel is not installed"),
]


@pytest.fixture(scope="module")
def room():
    """A maker of rooms: the model and the database server are started once, when they are first needed."""
    with contextlib.ExitStack() as stack:
        minilm = MiniLm(stack)
        urls: list[str] = []

        def cluster() -> str:
            if not urls:
                urls.append(stack.enter_context(postgres()))
            return urls[0]

        yield lambda folder: Room(minilm=minilm, folder=folder, cluster=cluster)


@contextlib.asynccontextmanager
async def served(patient, minilm):
    """The façade in front of the model, as this patient needs it."""

    async def plain(texts):
        vectors = await minilm.embed(texts)
        return patient.served.change(vectors) if patient.served.change else vectors

    async def reordered(texts):
        return other(await minilm.embed(texts))

    models = {patient.served.name: plain, **dict.fromkeys(patient.served.others, reordered)}
    async with embedding(models, patient.served.faults) as (url, _):
        yield url


async def examined(patient, room):
    """The report's only target."""
    place = patient.make(room)
    said = {"embed_model": patient.served.name, "documents": "", **patient.said}
    if (room.folder / "documents").is_dir():
        said["documents"] = str(room.folder / "documents")
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(patient, room.minilm))
        if patient.chat_window:
            settings = ward_engine.Settings(context=patient.chat_window)
            said["chat_url"] = (await stack.enter_async_context(ward_engine.serve(settings=settings))).url
        report = await diagnosed(place, url, depth=Depth.QUICK, collection=patient.collection, **said)
    return report.targets[0]


@pytest.mark.parametrize("patient", [*SICK, *HEALTHY], ids=lambda patient: patient.id)
async def test_an_index_yields_exactly_its_own_cause(patient, room, tmp_path):
    target = await examined(patient, room(tmp_path))
    confirmed = tuple(c.id for c in target.causes if c.verdict == "confirmed" and c.severity != "note")
    open_signs = [f.symptom for f in target.findings if f.explained_by is None and f.severity != "note"]
    assert [(check.id, check.reason) for check in target.checks if check.status == "crashed"] == []
    assert (confirmed, open_signs) == (patient.causes, [])
    assert EXIT_CODES[target.state] in patient.exit_codes


def test_there_are_enough_patients_in_enough_stores():
    assert len(SICK) >= 20
    assert len({patient.store for patient in SICK}) >= 4
    assert len(HEALTHY) >= 6
    assert len({patient.id for patient in [*SICK, *HEALTHY]}) == len(SICK) + len(HEALTHY)
