"""The check embeddings on given vectors and refusals."""

import pytest

from doctor.facts import Embeddings
from tests.given import run_check, symptoms


def embedded(**fields: object) -> Embeddings:
    good = {"model": "e", "status": 200, "dimensions": 768, "norms": (1.0,) * 6, "repeat_cosine": 1.0, "margin": 0.4}
    return Embeddings(**(good | {"dedicated": True} | fields))


@pytest.mark.parametrize(
    "fact", [embedded(), embedded(margin=0.06), embedded(repeat_cosine=0.9995), embedded(repeat_cosine=None)]
)
async def test_usable_vectors_pass(fact: Embeddings) -> None:
    verdict = await run_check("embeddings", [fact])

    assert symptoms(verdict) == []
    assert verdict.evidence[0].value == 768


@pytest.mark.parametrize(
    ("fields", "symptom"),
    [
        ({"bad": (2,), "norms": (1.0,) * 5, "margin": None, "repeat_cosine": None}, "embedding-bad-vectors"),
        ({"repeat_cosine": 0.98}, "embedding-not-repeatable"),
        ({"margin": 0.01}, "embedding-margin-low"),
        ({"margin": 0.01, "dedicated": None}, "embedding-margin-low"),
        ({"margin": 0.01, "dedicated": False}, "not-an-embedder"),
        ({"norms": (1.0, 3.2)}, "embedding-not-normalised"),
    ],
)
async def test_each_fault_of_vectors_is_seen(fields: dict, symptom: str) -> None:
    assert symptoms(await run_check("embeddings", [embedded(**fields)])) == [symptom]


@pytest.mark.parametrize(
    ("status", "error", "dedicated", "symptom"),
    [
        (500, "embedding contains NaN or Inf values", True, "embedding-bad-vectors"),
        (500, "json: unsupported value: NaN", True, "embedding-bad-vectors"),
        (400, "Pooling type 'none' is not OAI compatible", True, "pooling-off"),
        (400, "this model does not support embeddings", None, "not-an-embedder"),
        (400, "does not appear to be an embedding model", False, "not-an-embedder"),
        (500, "boom", True, "embedding-refused"),
    ],
)
async def test_a_refusal_is_read(status: int, error: str, dedicated: bool | None, symptom: str) -> None:
    fact = Embeddings(model="e", status=status, error=error, dedicated=dedicated)

    assert symptoms(await run_check("embeddings", [fact])) == [symptom]


async def test_lengths_are_a_note() -> None:
    verdict = await run_check("embeddings", [embedded(norms=(0.5, 7.1))])

    assert verdict.findings[0].severity == "note"
    assert "0.50 to 7.10" in verdict.findings[0].summary
