"""The check decode-depth on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import CanaryText, DecodeSpeed, Exchange, ModelCard, ServerProcess
from doctor.model import Severity
from tests.given import run_check, symptoms

LARGE = ModelCard(name="m", parameters=8_000_000_000)


def rates(short, long, tokens=4000, answer=30):
    exchange = Exchange(purpose="canary", status=200, prompt_tokens=tokens, completion_tokens=answer, decode_tok_s=long)
    return [
        DecodeSpeed(exchange=Exchange(purpose="speed", status=200), tok_s=short, tokens=96, source="server timings"),
        CanaryText(exchange=exchange, needles=(), words=3000),
    ]


async def test_a_usual_slope_is_healthy():
    assert symptoms(await run_check("decode-depth", [*rates(50, 42), LARGE])) == []


async def test_a_steep_slope_is_a_note():
    verdict = await run_check("decode-depth", [*rates(50, 20), LARGE])
    assert [(f.symptom, f.severity) for f in verdict.findings] == [("decode-slows-with-depth", Severity.NOTE)]


@pytest.mark.parametrize(
    "server",
    [
        ServerProcess(pid=1, name="x", command=("llama-server", "-fa", "off")),
        ServerProcess(pid=1, name="x", environment={"OLLAMA_FLASH_ATTENTION": "0"}),
        ServerProcess(pid=1, name="x", children=(("llama-server", "--flash-attn", "off"),)),
    ],
)
async def test_flash_attention_that_is_off_is_named_instead(server):
    assert symptoms(await run_check("decode-depth", [*rates(50, 20), LARGE, server])) == ["flash-attention-missed"]


@pytest.mark.parametrize(
    "facts",
    [
        [*rates(50, None), LARGE],
        [*rates(50, 20, tokens=500), LARGE],
        [*rates(50, 20, answer=2), LARGE],
        [*rates(1600, 8), ModelCard(name="m", parameters=260_000)],
    ],
)
async def test_too_little_to_tell_is_skipped(facts):
    with pytest.raises(Skip):
        await run_check("decode-depth", facts)
