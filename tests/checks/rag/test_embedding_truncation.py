"""The check embedding-truncation on given cosines."""

import pytest

from doctor.errors import Skip
from doctor.facts import EmbeddingTruncation
from tests.given import run_check, symptoms


async def test_texts_read_to_the_end_pass() -> None:
    verdict = await run_check("embedding-truncation", [EmbeddingTruncation(model="e", trials={600: 0.93, 2200: 0.99})])

    assert symptoms(verdict) == []
    assert len(verdict.evidence) == 2


async def test_the_shortest_text_that_was_cut_is_named_with_the_limit() -> None:
    fact = EmbeddingTruncation(model="e", trials={600: 0.93, 2200: 1.0, 4500: 1.0}, counted_tokens=2048)

    (finding,) = (await run_check("embedding-truncation", [fact])).findings

    assert finding.symptom == "embedding-truncated"
    assert "2200 words" in finding.summary
    assert 2048 in [evidence.value for evidence in finding.evidence]


@pytest.mark.parametrize(
    ("error", "severity"),
    [
        ("too large, batch size: 512", "note"),
        ("input (1503 tokens) is too large to process. (current batch size: 250)", "note"),
        ("input (1503 tokens) is too large to process. (current batch size: 249)", "warning"),
        ("the input length exceeds the context length", "note"),
        ("This model's maximum context length is 128 tokens", "warning"),
    ],
)
async def test_an_honest_refusal_is_a_note_unless_usual_chunks_are_refused_too(error: str, severity: str) -> None:
    fact = EmbeddingTruncation(model="e", trials={200: 0.9}, refused_at=600, error=error)

    (finding,) = (await run_check("embedding-truncation", [fact])).findings

    assert (finding.symptom, finding.severity) == ("embedding-overflow-error", severity)
    assert error in finding.summary


async def test_without_a_trial_nothing_is_judged() -> None:
    with pytest.raises(Skip):
        await run_check("embedding-truncation", [EmbeddingTruncation(model="e", trials={})])
