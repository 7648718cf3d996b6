"""The check loaded-models on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import LoadedModel, LoadedModels, Models
from tests.given import run_check, symptoms

HERE = Models(names=("m",), chosen="m")


def loaded(*models):
    return LoadedModels(
        models=tuple(LoadedModel(name=name, size_bytes=size, vram_bytes=vram) for name, size, vram in models)
    )


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ([], []),
        ([("m", 10, 6)], []),
        ([("m", 10, 10), ("e", 2, 2)], []),
        ([("m", 10, 6), ("e", 5, 5)], ["models-compete"]),
        ([("m", 10, 6), ("e", 1, 1)], []),
        ([("m", 10, 0), ("e", 5, 0)], []),
    ],
)
async def test_models_compete_when_the_others_hold_what_is_missing(models, expected):
    assert symptoms(await run_check("loaded-models", [HERE, loaded(*models)])) == expected


async def test_several_models_without_sizes_are_not_judged():
    with pytest.raises(Skip, match="how much memory"):
        await run_check("loaded-models", [HERE, loaded(("m", None, None), ("e", None, None))])
