"""The model-settings check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Identity, ModelCard, ServerProcess
from tests.given import run_check, symptoms

LLAMA = Identity(runtime="llama.cpp", state="ready")
MLX = Identity(runtime="mlx-lm", state="ready")


def card(parameters: str = "", system: str = "") -> ModelCard:
    return ModelCard(name="m", parameters_text=parameters, system_prompt=system)


def process(*command: str) -> ServerProcess:
    return ServerProcess(pid=7, name="server", command=command)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([card("temperature                    0.7\ntop_p 0.95")], []),
        ([card('stop "<|im_end|>"\ntemperature 1.8')], ["sampler-hot"]),
        ([card("repeat_penalty 1.1")], []),
        ([card("repeat_penalty 1.5")], ["penalty-high"]),
        ([card("num_predict 128")], ["output-limit-low"]),
        ([card("num_predict -1")], []),
        ([card(system="You are a pirate.")], ["own-system-text"]),
        ([process("llama-server", "--temp", "2.0"), LLAMA], ["sampler-hot"]),
        ([process("llama-server", "-n", "4096"), LLAMA], []),
        ([process("mlx_lm.server"), MLX], ["output-limit-low"]),
        ([process("mlx_lm.server", "--max-tokens", "8192"), MLX], []),
    ],
)
async def test_each_setting_is_judged(facts: list, expected: list[str]) -> None:
    assert symptoms(await run_check("model-settings", facts)) == expected


@pytest.mark.parametrize("facts", [[], [card()], [process("llama-server", "--temp", "hot"), LLAMA]])
async def test_without_settings_there_is_no_verdict(facts: list) -> None:
    with pytest.raises(Skip):
        await run_check("model-settings", facts)
