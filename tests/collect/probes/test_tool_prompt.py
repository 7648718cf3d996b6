"""Rendered tool prompts and the trail of a lost call, on the real engine, its broken variants and façades."""

import pytest

from doctor.collect.probes.raw_text import raw_text
from doctor.errors import Skip
from doctor.facts import ChatTemplate, Exchange, LostCall, ToolAnswer, ToolPrompt, ToolTrial
from doctor.model import Depth
from doctor.ward import engine as ward_engine
from doctor.ward.variants import prepared
from tests.collect.probes.asking import context_for
from tests.collect.probes.plain_server import asked, reply

SILENT = ToolAnswer(
    trials=(ToolTrial(item="T1", offered=("get_weather",), exchange=Exchange(purpose="T1", status=200, content="No.")),)
)
TOOL_CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>'


async def test_the_engine_renders_a_call_as_an_object_and_its_result(engine: str) -> None:
    """Real engine."""
    async with context_for(engine, depth=Depth.PASSIVE) as context:
        prompt = await context.fact(ToolPrompt)

    assert '"arguments": {"port": "brindisi"}' in prompt.history
    assert prompt.result in prompt.history
    assert prompt.refusal == ""


@pytest.mark.ward
@pytest.mark.parametrize(
    ("variant", "part", "there"),
    [("template_double_encodes", r"\"port\"", True), ("template_no_tool_role", "slackwater", False)],
)
async def test_broken_templates_show_in_the_prompt(variant: str, part: str, there: bool) -> None:
    """Real engine with a broken template."""
    with prepared(variant) as file, ward_engine.serving(file) as running:
        async with context_for(running.url) as context:
            assert (part in (await context.fact(ToolPrompt)).history) is there


async def test_the_engine_writes_the_call_after_its_prompt(engine: str) -> None:
    """Real engine: a chat that shows nothing would have lost it in the parser."""
    async with context_for(engine, SILENT) as context:
        lost = await context.fact(LostCall)

    assert (lost.rendered, lost.call_in_raw, lost.named_in_raw) == (True, "<tool_call>", "get_weather")
    assert lost.raw.route == "POST /completion"


@pytest.mark.ward
async def test_a_template_without_tools_loses_them_before_the_model() -> None:
    """Real engine with a template that ignores tools."""
    with prepared("template_no_tools") as file, ward_engine.serving(file) as running:
        async with context_for(running.url, SILENT) as context:
            lost = await context.fact(LostCall)

    assert (lost.rendered, lost.raw) == (False, None)


def debugging(text: str, prompt: str = "<|im_start|>user\nget_weather"):
    """An Ollama that shows its prompt and completes raw prompts with this text."""

    def answer(body: dict) -> object:
        if body["_path"] == "/api/generate":
            assert body["raw"] is True
            return {"response": text, "done": True, "done_reason": "stop", "eval_count": 9}
        if body.get("_debug_render_only"):
            return {"message": {"role": "", "content": ""}, "_debug_info": {"rendered_template": prompt}}
        return {"message": {"content": "x"}, "done": True}

    return answer


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TOOL_CALL, "<tool_call>"),
        (f"I think.</think>\n{TOOL_CALL}", "<tool_call>"),
        (f"{TOOL_CALL}</think>\nNo.", ""),
        ("I cannot know.", ""),
    ],
)
async def test_the_raw_text_of_an_ollama_is_read(text: str, found: str) -> None:
    async with asked(debugging(text), SILENT, runtime="ollama") as context:
        lost = await context.fact(LostCall)

    assert (lost.rendered, lost.call_in_raw) == (True, found)
    assert lost.raw.completion_tokens == 9


async def test_a_tool_that_is_not_in_the_prompt_is_not_completed() -> None:
    async with asked(debugging("x", "<|im_start|>user\nHello"), SILENT, runtime="ollama") as context:
        assert await context.fact(LostCall) == LostCall(rendered=False, source=_DEBUG)


_DEBUG = "the rendered prompt (_debug_render_only)"


async def test_ollamas_prompt_is_asked_for_at_depth_deep_with_arguments_as_an_object() -> None:
    bodies: list[dict] = []

    def answer(body: dict) -> object:
        bodies.append(body)
        return debugging("x", "port brindisi slackwater")(body)

    async with asked(answer, runtime="ollama") as context:
        with pytest.raises(Skip, match="depth deep"):
            await context.fact(ToolPrompt)
    async with asked(answer, runtime="ollama", depth=Depth.DEEP) as context:
        assert (await context.fact(ToolPrompt)).source == _DEBUG

    assert bodies[-1]["messages"][1]["tool_calls"][0]["function"]["arguments"] == {"port": "brindisi"}
    assert bodies[-1]["options"] == {"num_predict": 1}


async def test_an_ollama_without_the_debug_switch_shows_nothing() -> None:
    plain = {"message": {"content": "x"}, "done": True}
    async with asked(lambda _: plain, SILENT, runtime="ollama", depth=Depth.DEEP) as context:
        with pytest.raises(Skip, match="does not show"):
            await context.fact(ToolPrompt)
        with pytest.raises(Skip, match="does not show"):
            await context.fact(LostCall)


async def test_a_refused_history_is_told_from_refused_tools() -> None:
    refusal = 500, {"error": {"message": "Can only get item pairs from a mapping."}}

    def answer(body: dict) -> object:
        return refusal if len(body.get("messages", ())) > 1 else {"prompt": "x"}

    async with asked(answer, runtime="llama.cpp") as context:
        prompt = await context.fact(ToolPrompt)
    assert prompt.history is None
    assert "item pairs" in prompt.refusal

    async with asked(lambda _: refusal, runtime="llama.cpp") as context:
        with pytest.raises(Skip, match="does not render a question"):
            await context.fact(ToolPrompt)


@pytest.mark.parametrize(
    "answer",
    [
        ToolAnswer(trials=(ToolTrial(item="T1", offered=(), exchange=Exchange(purpose="T1", status=400, error="no")),)),
        ToolAnswer(
            trials=(
                ToolTrial(
                    item="T1", offered=(), exchange=Exchange(purpose="T1", status=200), call_as_text="<tool_call>"
                ),
            )
        ),
    ],
)
async def test_nothing_is_looked_for_where_no_call_is_missing(answer: ToolAnswer) -> None:
    async with asked(lambda _: pytest.fail("asked"), answer, runtime="llama.cpp") as context:
        with pytest.raises(Skip, match="not missing"):
            await context.fact(LostCall)


async def test_servers_without_prompts_are_skipped() -> None:
    async with asked(lambda _: pytest.fail("asked"), SILENT, ChatTemplate(text="")) as context:
        with pytest.raises(Skip, match="does not show its prompts"):
            await context.fact(LostCall)
        with pytest.raises(Skip, match="does not show its prompts"):
            await context.fact(ToolPrompt)


@pytest.mark.parametrize(
    ("runtime", "path", "body"),
    [
        ("llama.cpp", "/completion", {"content": "yes", "stop_type": "eos", "tokens_predicted": 2}),
        (
            "vllm",
            "/v1/completions",
            {"choices": [{"text": "yes", "finish_reason": "stop"}], "usage": {"completion_tokens": 2}},
        ),
        (
            "lmstudio",
            "/v1/completions",
            {"choices": [{"text": "yes", "finish_reason": "stop"}], "usage": {"completion_tokens": 2}},
        ),
        ("ollama", "/api/generate", {"response": "yes", "done_reason": "stop", "eval_count": 2}),
    ],
)
async def test_raw_text_is_read_on_each_route(runtime: str, path: str, body: dict) -> None:
    paths: list[str] = []

    def answer(asked_for: dict) -> dict:
        paths.append(asked_for["_path"])
        return body

    async with asked(answer, runtime=runtime) as context:
        exchange = await raw_text(context, "raw", "prompt", max_tokens=8)

    assert paths == [path]
    assert (exchange.content, exchange.finish_reason, exchange.completion_tokens) == ("yes", "stop", 2)


async def test_raw_text_keeps_refusals_and_limits() -> None:
    async with asked(lambda _: (501, {"error": "no"}), runtime="vllm") as context:
        assert (await raw_text(context, "raw", "p", max_tokens=8)).status == 501
    async with asked(lambda _: {"content": "a", "stop_type": "limit"}, runtime="llama.cpp") as context:
        assert (await raw_text(context, "raw", "p", max_tokens=8)).finish_reason == "length"
    async with asked(lambda _: reply("x")) as context:
        with pytest.raises(Skip, match="completes a prompt"):
            await raw_text(context, "raw", "p", max_tokens=8)
