"""The checks model-present and busy on given facts."""

import pytest

from doctor.facts import Models, Slots
from tests.given import run_check, symptoms


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (Models(names=("a:1",), chosen="a:1"), []),
        (Models(names=("a:1",), chosen="a:1", requested="a:1", requested_exists=True), []),
        (Models(names=()), ["no-models"]),
        (Models(names=("a:1",), requested="b", requested_exists=False), ["model-missing"]),
        (Models(names=("a",), chosen="a", requested="b", requested_exists=False, name_matters=False), []),
        (Models(names=(), chosen="default_model", name_matters=False), []),
        (Models(names=(), chosen="x", requested="x", requested_exists=None), []),
    ],
)
async def test_a_model_is_missing_only_where_names_matter(models, expected):
    assert symptoms(await run_check("model-present", [models])) == expected


async def test_the_nearest_name_is_offered():
    models = Models(names=("qwen3:8b",), requested="qwen3:14b", requested_exists=False, nearest="qwen3:8b")

    assert "nearest name is qwen3:8b" in (await run_check("model-present", [models])).findings[0].summary


@pytest.mark.parametrize(("busy", "total", "expected"), [(0, 1, []), (3, 4, []), (1, 1, ["server-busy"])])
async def test_a_server_is_busy_when_no_slot_is_free(busy, total, expected):
    assert symptoms(await run_check("busy", [Slots(total=total, busy=busy)])) == expected
