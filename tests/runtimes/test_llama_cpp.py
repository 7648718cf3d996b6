"""llama.cpp's adapter: a real server with the patient, and recorded answers of llama-server for the rest."""

import msgspec
import pytest

from doctor.collect import target_collectors
from doctor.context import Context, Target
from doctor.errors import Skip
from doctor.facts import (
    ChatTemplate,
    Exchange,
    LoadedModels,
    ModelCard,
    Models,
    Rendered,
    ServerProcess,
    Slots,
    WarmUp,
    Window,
)
from doctor.http import Client
from doctor.model import Depth
from doctor.runtimes import llama_cpp
from tests.answering import REFERENCE, Wire, asking, recorded

CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello there"}]
TOOL = {"type": "function", "function": {"name": "now", "description": "d", "parameters": {"type": "object"}}}
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the recorded answers are not here")
LLAMA_SERVER = ServerProcess(pid=1, name="llama-server", command=("/usr/bin/llama-server",), environment_readable=True)


@pytest.fixture
async def patient(engine):
    async with Client(engine) as client:
        context = Context(Target(url=engine), Depth.PASSIVE, target_collectors(), http=client)
        yield context
        await context.close()


def served(n_ctx=1024, slots=4, trained=40960, **more):
    props = {"default_generation_settings": {"n_ctx": n_ctx}, "total_slots": slots, "model_path": "/m/a.gguf"}
    row = {"id": "a", "aliases": ["b"], "meta": {"n_ctx_train": trained, "size": 10, "n_params": 5, "ftype": "Q4_K"}}
    return {"/props": props, "/v1/models": {"data": [row]}} | more


async def test_a_single_server_answers_whatever_name_is_sent(patient):
    models = await patient.fact(Models)

    assert models.name_matters is False
    assert models.chosen == models.names[0]


async def test_the_real_server_says_window_slots_and_trained_window(patient):
    window, slots = await patient.fact(Window), await patient.fact(Slots)

    assert (window.per_request, window.trained, window.total, window.slots) == (4096, 4096, 4096, 1)
    assert (slots.total, slots.busy) == (1, 0)


async def test_the_card_is_completed_from_the_file_when_it_is_here(patient):
    card = await patient.fact(ModelCard)

    assert (card.layers, card.kv_heads, card.head_length, card.architecture) == (6, 2, 64, "llama")
    assert (card.eos_token, card.quantization) == ("<|im_end|>", "Q8_0")
    assert "tools" in (card.capabilities or ())
    assert card.metadata["tokenizer.ggml.pre"] == "qwen2"


async def test_the_template_comes_with_what_the_server_found_out_about_it(patient):
    template = await patient.fact(ChatTemplate)

    assert template.text.startswith("{%- set default_system")
    assert template.caps["supports_tools"] is True


async def test_tokens_are_counted_without_generating(patient):
    alone = await llama_cpp.count_tokens(patient, CHAT)
    with_tool = await llama_cpp.count_tokens(patient, CHAT, [TOOL])

    assert alone is not None
    assert with_tool is not None
    assert 15 < alone < 60
    assert with_tool > alone + 40


async def test_an_older_build_counts_by_rendering_and_tokenising():
    table = served() | {"/apply-template": {"prompt": "x"}, "/tokenize": {"tokens": [{"id": 1, "piece": "x"}] * 3}}
    async with asking(table, "llama.cpp") as context:
        assert await llama_cpp.count_tokens(context, CHAT) == 3


async def test_a_refused_conversation_has_no_count():
    refusal = (400, {"error": {"code": 400, "message": "Conversation roles must alternate"}})
    async with asking(served() | {"/v1/chat/completions/input_tokens": refusal}, "llama.cpp") as context:
        assert await llama_cpp.count_tokens(context, CHAT) is None


@pytest.mark.parametrize(
    ("command", "total"),
    [
        (("llama-server",), 1024),
        (("llama-server", "-np", "4"), 4096),
        (("llama-server", "--parallel=4", "--kv-unified"), 1024),
        (("llama-server", "--no-kv-unified"), 4096),
        (("/usr/bin/python3", "serve.py"), 4096),
        (("docker-proxy",), None),
    ],
)
async def test_the_command_line_tells_whether_slots_share_the_window(command, total):
    process = msgspec.structs.replace(LLAMA_SERVER, command=command)
    async with asking(served(), "llama.cpp", process) as context:
        assert (await context.fact(Window)).total == total


async def test_slots_that_together_have_the_trained_window_divide_it():
    async with asking(served(n_ctx=1024, slots=4, trained=4096), "llama.cpp") as context:
        window = await context.fact(Window)

    assert window.total == 4096
    assert "trained window" in window.source


async def test_a_server_with_all_slots_at_work_is_looked_at_twice():
    wire = Wire(table=served(slots=1) | {"/slots": [{"id": 0, "is_processing": True}]})
    async with asking(wire, "llama.cpp") as context:
        slots = await context.fact(Slots)

    assert (slots.busy, slots.total) == (1, 1)
    assert wire.asked.count("/slots") == 2


@needs_reference
async def test_hidden_slots_are_a_reason():
    table = served() | {"/slots": recorded("captures/llama-server/apikey/slots_off.json")}
    async with asking(table, "llama.cpp") as context:
        with pytest.raises(Skip, match="does not show its slots"):
            await context.fact(Slots)


@needs_reference
async def test_a_loading_server_is_a_reason_with_its_words():
    loading = recorded("captures/llama-server/loading/models_503.json")
    async with asking({"/v1/models": loading, "/props": loading}, "llama.cpp") as context:
        with pytest.raises(Skip, match=r"503: .*Loading model"):
            await context.fact(Models)


@needs_reference
async def test_a_router_is_never_made_to_load_a_model():
    router = {"/props": recorded("captures/llama-server/router/props.json")}
    wire = Wire(table=router | {"/v1/models": recorded("captures/llama-server/router/models.json")})
    async with asking(wire, "llama.cpp") as context:
        models = await context.fact(Models)
        for kind in (Window, ModelCard, ChatTemplate, Rendered):
            with pytest.raises(Skip, match="router has not loaded random"):
                await context.fact(kind)

    assert (models.chosen, models.name_matters) == ("random", True)
    assert set(wire.asked) == {"/props", "/v1/models"}


@needs_reference
async def test_a_router_s_loaded_model_is_asked_for_by_name_without_autoload():
    table = {"/props": recorded("captures/llama-server/router/props.json")}
    table["/props?model=random&autoload=false"] = recorded("captures/llama-server/router/props_model.json")
    wire = Wire(table=table | {"/v1/models": recorded("captures/llama-server/router/models_after.json")})
    async with asking(wire, "llama.cpp") as context:
        window, loaded = await context.fact(Window), await context.fact(LoadedModels)

    assert window.per_request == 2048
    assert [model.name for model in loaded.models] == ["random"]


@needs_reference
async def test_a_run_that_may_ask_waits_until_the_router_has_loaded():
    table = {"/props": recorded("captures/llama-server/router/props.json")}
    wire = Wire(table=table | {"/v1/models": recorded("captures/llama-server/router/models.json")})
    first = WarmUp(first=Exchange(purpose="warm-up", status=200))
    async with asking(wire, "llama.cpp", first, depth=Depth.QUICK) as context:
        with pytest.raises(Skip, match="router has not loaded"):
            await context.fact(Window)

    assert wire.asked.count("/v1/models") >= 3


async def test_a_sleeping_server_is_not_woken_at_depth_passive():
    table = served()
    table["/props"]["is_sleeping"] = True
    wire = Wire(table=table)
    async with asking(wire, "llama.cpp") as context:
        assert (await context.fact(Slots)).busy == 0
        with pytest.raises(Skip, match="sleeps"):
            await context.fact(Rendered)

    assert set(wire.asked) == {"/props"}


@pytest.mark.parametrize("broken", ["x", [], {"data": "x"}, {"data": [{"id": 3}, None]}])
async def test_answers_of_another_shape_are_a_reason_or_nothing(broken):
    async with asking({"/v1/models": broken, "/props": broken}, "llama.cpp") as context:
        for kind in (Models, Window, ModelCard):
            with pytest.raises(Skip):
                await _named(context, kind)


async def _named(context, kind):
    """The fact; a model list without names is as good as none."""
    found = await context.fact(kind)
    if getattr(found, "chosen", getattr(found, "name", "")) == "":
        raise Skip("no name")
    return found


def test_thinking_is_a_switch_of_the_template():
    assert llama_cpp.request_options(thinking=False) == {"chat_template_kwargs": {"enable_thinking": False}}
