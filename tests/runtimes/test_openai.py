"""The other OpenAI-compatible servers: recorded and constructed answers, sent by a real HTTP server."""

import pytest

from doctor.errors import Skip
from doctor.facts import ChatTemplate, Identity, LoadedModels, ModelCard, Models, Rendered, Window
from doctor.runtimes import adapter, vllm
from doctor.runtimes.openai import request_options
from tests.answering import REFERENCE, Wire, asking, recorded

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the recorded answers are not here")
LM_STUDIO = "google/gemma-4-26b-a4b"


async def test_vllm_says_its_window_and_where_the_model_is():
    async with asking({"/v1/models": recorded("captures/vllm/v1_models.json")}, "vllm") as context:
        models, window, card = await context.fact(Models), await context.fact(Window), await context.fact(ModelCard)

    assert (models.chosen, window.per_request, card.file_path) == ("/models/hf2", 1024, "/models/hf2")


async def test_a_wrong_name_is_seen_on_a_server_where_names_matter():
    async with asking({"/v1/models": recorded("samples/vllm/v1_models.json")}, "vllm", model="qwen3-8b") as context:
        models = await context.fact(Models)

    assert (models.requested_exists, models.nearest) == (False, "Qwen/Qwen3-8B")


async def test_vllm_counts_tokens_of_a_conversation_without_generating():
    counted = recorded("captures/vllm/tokenize_chat.json")
    table = {"/v1/models": recorded("captures/vllm/v1_models.json"), "/tokenize": counted}
    async with asking(table, "vllm") as context:
        assert await vllm.count_tokens(context, [{"role": "user", "content": "Hello"}]) == 20


async def test_vllm_s_prompts_are_rendered_through_its_tokens():
    table = {
        "/v1/models": recorded("captures/vllm/v1_models.json"),
        "/tokenize": recorded("captures/vllm/tokenize_chat.json"),
        "/detokenize": {"prompt": "<|im_start|>user\nwalnutone<|im_end|>\n<|im_start|>assistant\n"},
    }
    async with asking(table, "vllm") as context:
        rendered = await context.fact(Rendered)

    assert rendered.user_words[0] in (rendered.user_only or "")
    assert rendered.marker_tokens["<|im_start|>"] == 1


async def test_lm_studio_s_own_list_says_type_window_and_abilities():
    async with asking({"/api/v1/models": recorded("samples/lmstudio/api_v1_models.json")}, "lmstudio") as context:
        models, window = await context.fact(Models), await context.fact(Window)
        card, loaded = await context.fact(ModelCard), await context.fact(LoadedModels)

    assert (models.chosen, models.embedding) == (LM_STUDIO, "text-embedding-nomic-embed-text-v1.5")
    assert (window.per_request, window.trained, window.slots) == (4096, 262144, 4)
    assert card.capabilities == ("tools", "vision", "thinking")
    assert loaded.models[0].gpu_share is None


async def test_an_older_lm_studio_answers_with_words_and_the_openai_list_is_used():
    table = {
        "/api/v1/models": recorded("samples/lmstudio/unexpected_endpoint.json"),
        "/v1/models": recorded("samples/lmstudio/v1_models.json"),
    }
    async with asking(table, "lmstudio") as context:
        models = await context.fact(Models)
        with pytest.raises(Skip, match="no model list of its own"):
            await context.fact(Window)

    assert models.chosen == LM_STUDIO


async def test_koboldcpp_s_window_is_the_true_one():
    path = "/api/extra/true_max_context_length"
    table = {path: recorded("samples/koboldcpp/api_extra_true_max_context_length.json")}
    async with asking(table, "koboldcpp") as context:
        assert (await context.fact(Window)).per_request == 16384


async def test_koboldcpp_shows_its_template_where_llama_cpp_does():
    async with asking({"/props": recorded("samples/koboldcpp/props.json")}, "koboldcpp") as context:
        assert (await context.fact(ChatTemplate)).language == "jinja"


async def test_a_front_says_which_model_is_loaded_and_declares_its_window():
    table = {"/v1/models": recorded("samples/others/llama-swap_v1_models.json")}
    async with asking(table, "llama-swap") as context:
        window, loaded = await context.fact(Window), await context.fact(LoadedModels)

    assert (window.per_request, [model.name for model in loaded.models]) == (32768, ["qwen3-8b"])


async def test_mlx_lm_is_asked_for_the_model_it_was_started_with():
    async with asking({"/v1/models": recorded("samples/others/mlx_lm_v1_models.json")}, "mlx-lm") as context:
        models = await context.fact(Models)

    assert (models.chosen, models.name_matters) == ("default_model", False)


@pytest.mark.parametrize("body", [(200, b""), (500, b"Internal Server Error"), {"object": "list", "data": []}])
async def test_a_list_of_a_download_cache_proves_no_model_missing(body):
    async with asking({"/v1/models": body}, "transformers", model="org/m@main") as context:
        models = await context.fact(Models)

    assert (models.chosen, models.requested_exists) == ("org/m@main", None)


async def test_a_plain_server_says_little_and_why():
    async with asking({"/v1/models": {"data": [{"id": "m", "object": "model"}]}}, "openai") as context:
        models = await context.fact(Models)
        with pytest.raises(Skip, match="does not say the size of its window"):
            await context.fact(Window)
        with pytest.raises(Skip, match="does not say which models are loaded"):
            await context.fact(LoadedModels)

    assert models.chosen == "m"


async def test_only_the_list_is_asked_of_a_plain_server():
    wire = Wire(table={"/v1/models": {"data": [{"id": "m"}]}})
    async with asking(wire, "openai") as context:
        await context.fact(Models)

    assert wire.asked == ["/v1/models"]


@pytest.mark.parametrize("broken", [b"<html>", b"null", b"[" * 5000, {"data": {"id": "m"}}, {"data": "x"}])
async def test_a_list_of_another_shape_is_a_reason(broken):
    async with asking({"/v1/models": broken}, "openai") as context:
        with pytest.raises(Skip):
            await context.fact(Models)


async def test_an_unknown_runtime_has_the_general_adapter():
    async with asking({}, "some-new-server") as context:
        found = adapter(await context.fact(Identity))

    assert found.request_options(thinking=False) == request_options(thinking=False) == {}
    assert await found.count_tokens(context, []) is None
