"""The check threads on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Cpu, Gpu, Gpus, LoadedModel, LoadedModels, ModelCard, ServerProcess
from doctor.model import Severity
from tests.given import run_check, symptoms

EIGHT = Cpu(physical_cores=8, logical_cores=16)
NO_GPU = Gpus()
CARD = Gpus(devices=(Gpu(index=0, name="RTX 3090", vendor="nvidia"),))


def server(*words, environment=None, children=()):
    return ServerProcess(
        pid=1,
        name="llama-server",
        command=("llama-server", *words),
        environment=environment or {},
        environment_readable=True,
        children=children,
    )


def on_gpu(share):
    return LoadedModels(models=(LoadedModel(name="m", size_bytes=100, vram_bytes=int(share * 100)),))


@pytest.mark.parametrize(
    "facts",
    [
        (server("-t", "16"),),
        (server("--threads=16"),),
        (server(environment={"LLAMA_ARG_THREADS": "16"}),),
        (server(children=(("llama-server", "--threads", "12"),)),),
        (ModelCard(name="m", parameters_text="num_ctx 8192\nnum_thread 16"),),
        (server("-t", "16"), CARD, on_gpu(0.5)),
    ],
)
async def test_more_threads_than_cores_are_seen(facts):
    gpus = () if CARD in facts else (NO_GPU,)
    assert symptoms(await run_check("threads", [EIGHT, *gpus, *facts])) == ["too-many-threads"]


@pytest.mark.parametrize("words", [("-t", "8"), ("-t", "4"), (), ("-t", "nonsense")])
async def test_as_many_threads_as_cores_or_the_runtimes_choice_are_healthy(words):
    assert symptoms(await run_check("threads", [EIGHT, NO_GPU, server(*words)])) == []


@pytest.mark.parametrize("facts", [(CARD,), (CARD, on_gpu(1.0))])
async def test_a_model_on_the_gpu_does_not_care_for_threads(facts):
    with pytest.raises(Skip, match="threads do not matter"):
        await run_check("threads", [EIGHT, server("-t", "16"), *facts])


async def test_a_server_that_cannot_be_read_is_skipped():
    with pytest.raises(Skip, match="cannot be read"):
        await run_check("threads", [EIGHT, NO_GPU])


async def test_memory_nodes_that_the_server_was_not_told_of_are_a_note():
    two = Cpu(physical_cores=32, logical_cores=64, numa_nodes=2)
    verdict = await run_check("threads", [two, NO_GPU, server()])
    assert [(f.symptom, f.severity) for f in verdict.findings] == [("numa-not-spread", Severity.NOTE)]
    assert symptoms(await run_check("threads", [two, NO_GPU, server("--numa", "distribute")])) == []
