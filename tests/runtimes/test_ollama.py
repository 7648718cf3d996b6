"""Ollama's adapter on answers constructed from its source (reference/samples/ollama), sent by a real HTTP server."""

import pytest

from doctor.errors import Skip
from doctor.facts import ChatTemplate, Exchange, LoadedModels, ModelCard, Models, Slots, WarmUp, Window
from doctor.model import Depth
from doctor.runtimes import ollama
from tests.answering import REFERENCE, Wire, asking, recorded

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the recorded answers are not here")


def table(ps="full_gpu", show="", **more):
    shown = f"samples/ollama/api_show{show}.json"
    answers = {"tags": "samples/ollama/api_tags.json", "ps": f"samples/ollama/api_ps_{ps}.json", "show": shown}
    return {f"/api/{name}": recorded(path) for name, path in answers.items()} | more


async def test_the_loaded_model_is_chosen_before_the_first_installed():
    async with asking(table(), "ollama") as context:
        models = await context.fact(Models)

    assert models.names == ("qwen3:8b", "nomic-embed-text:latest", "gpt-oss:120b-cloud")
    assert (models.chosen, models.embedding, models.remote) == ("qwen3:8b", "nomic-embed-text:latest", False)


async def test_the_tag_latest_is_implied_and_case_does_not_matter():
    async with asking(table(), "ollama", model="Nomic-Embed-Text") as context:
        models = await context.fact(Models)

    assert (models.chosen, models.requested_exists) == ("nomic-embed-text:latest", True)


async def test_a_missing_model_has_a_nearest_name():
    async with asking(table(), "ollama", model="qwen3:14b") as context:
        models = await context.fact(Models)

    assert (models.requested_exists, models.nearest, models.chosen) == (False, "qwen3:8b", "")


async def test_a_cloud_model_is_remote():
    async with asking(table(), "ollama", model="gpt-oss:120b-cloud") as context:
        assert (await context.fact(Models)).remote is True


async def test_an_embedder_is_known_by_its_family_where_the_list_has_no_capabilities():
    old = {"models": [{"name": "a:1", "details": {"family": "bert"}}, {"name": "b:1", "details": {"family": "llama"}}]}
    async with asking({"/api/tags": old, "/api/ps": {"models": None}}, "ollama") as context:
        models = await context.fact(Models)

    assert (models.chosen, models.embedding) == ("b:1", "a:1")


@pytest.mark.parametrize(("ps", "share"), [("full_gpu", 1.0), ("partial_offload", 0.6), ("cpu_only", 0.0)])
async def test_the_split_is_read(ps, share):
    async with asking(table(ps), "ollama") as context:
        loaded = await context.fact(LoadedModels)

    assert loaded.models[0].gpu_share == pytest.approx(share, abs=0.001)


async def test_a_model_that_is_kept_for_centuries_does_not_expire():
    async with asking(table("cpu_only"), "ollama") as context:
        assert (await context.fact(LoadedModels)).models[0].expires_s is None


async def test_a_model_that_is_not_loaded_is_waited_for_when_the_run_may_ask():
    first = WarmUp(first=Exchange(purpose="warm-up", status=200))
    async with asking(table("empty"), "ollama", first, depth=Depth.QUICK) as context:
        loaded = await context.fact(LoadedModels)

    assert loaded.by_us is True


async def test_the_window_is_that_of_the_loaded_model():
    async with asking(table(), "ollama") as context:
        window = await context.fact(Window)

    assert (window.per_request, window.trained, window.source) == (4096, 40960, "GET /api/ps")


async def test_no_window_is_made_up_for_a_model_that_is_not_loaded():
    async with asking(table("empty"), "ollama") as context:
        with pytest.raises(Skip, match="picks its window when it loads"):
            await context.fact(Window)


async def test_the_card_has_the_shape_of_the_cache_and_the_file():
    async with asking(table(), "ollama") as context:
        card = await context.fact(ModelCard)

    assert (card.layers, card.kv_heads, card.head_length) == (36, 8, 128)
    assert (card.quantization, card.size_bytes, card.parameters) == ("Q4_K_M", 5225388164, 8190735360)
    assert card.file_path.startswith("/usr/share/ollama/.ollama/models/blobs/sha256-")
    assert card.capabilities == ("completion", "tools", "thinking")
    assert card.metadata["tokenizer.ggml.pre"] == "qwen2"


async def test_the_template_is_told_apart_by_its_language():
    async with asking(table(), "ollama") as context:
        assert (await context.fact(ChatTemplate)).language == "go"


async def test_a_built_in_renderer_hides_the_template():
    shown = recorded("samples/ollama/api_show.json") | {"template": "{{ .Prompt }}"}
    shown["modelfile"] += "\nRENDERER qwen3-coder\nPARSER qwen3-coder\n"
    async with asking(table(**{"/api/show": shown}), "ollama") as context:
        assert (await context.fact(ChatTemplate)).text == ""


async def test_what_ollama_does_not_say_is_skipped_with_its_name():
    async with asking(table(), "ollama") as context:
        with pytest.raises(Skip, match="ollama does not say its slots"):
            await context.fact(Slots)


@pytest.mark.parametrize("broken", ["x", 7, {"models": "x"}, {"models": 3}, [], None])
async def test_a_list_of_another_shape_is_a_reason_and_no_crash(broken):
    async with asking({"/api/tags": broken, "/api/ps": {"models": []}}, "ollama") as context:
        with pytest.raises(Skip, match="GET /api/tags"):
            await context.fact(Models)


async def test_odd_values_in_rows_are_left_out():
    odd = {
        "models": [
            None,
            5,
            {"name": None},
            {"name": "\x1b[31mred\x1b[0m", "size": "big", "details": [], "size_vram": -1},
        ]
    }
    async with asking(table(**{"/api/tags": odd, "/api/ps": odd}), "ollama") as context:
        models, loaded = await context.fact(Models), await context.fact(LoadedModels)

    assert models.names == ("red",)
    assert [model.size_bytes for model in loaded.models if model.name == "red"] == [None]


async def test_fifty_thousand_models_are_read_and_few_are_kept():
    many = {"models": [{"name": f"m{n}:1", "details": {"family": "llama"}} for n in range(50_000)]}
    async with asking({"/api/tags": many, "/api/ps": {"models": []}}, "ollama", model="m49999:1") as context:
        models = await context.fact(Models)

    assert (models.chosen, models.requested_exists, len(models.names)) == ("m49999:1", True, 500)


async def test_nothing_that_loads_a_model_is_sent():
    wire = Wire(table=table("empty"))
    async with asking(wire, "ollama") as context:
        for kind in (Models, LoadedModels, ModelCard, ChatTemplate):
            await context.fact(kind)

    assert set(wire.asked) == {"/api/tags", "/api/ps", "/api/show"}


def test_thinking_is_switched_off_by_the_effort():
    assert ollama.request_options(thinking=False) == {"reasoning_effort": "none"}
    assert ollama.request_options(thinking=True) == {}
