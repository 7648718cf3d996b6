"""The model-settings and forced-grammar checks on given facts, and where the settings come from."""

import pytest

from doctor.collect.answer_defaults import collect_answer_defaults
from doctor.errors import Skip
from doctor.facts import AnswerDefaults, Identity, ModelCard, ServerProcess
from tests.collect.probes.asking import Canned, answer, context_for
from tests.given import given, run_check, symptoms

LLAMA = Identity(runtime="llama.cpp", state="ready", name="llama.cpp server")
OLLAMA = Identity(runtime="ollama", state="ready", name="Ollama")
MLX = Identity(runtime="mlx-lm", state="ready")


def process(*command: str) -> ServerProcess:
    return ServerProcess(pid=7, name="server", command=command)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"temperature": 0.7}, []),
        ({"temperature": 1.3}, []),
        ({"temperature": 1.31}, ["sampler-hot"]),
        ({"repeat_penalty": 1.2}, []),
        ({"repeat_penalty": 1.21}, ["penalty-high"]),
        ({"repeat_penalty": 0.9}, []),
        ({"repeat_penalty": 0.89}, ["repeats-rewarded"]),
        ({"presence_penalty": 1.6}, ["penalty-high"]),
        ({"presence_penalty": -0.6}, ["repeats-rewarded"]),
        ({"dry_multiplier": 0.8}, []),
        ({"dry_multiplier": 5.0}, ["penalty-high"]),
        ({"num_predict": 512.0}, ["output-limit-low"]),
        ({"num_predict": 513.0}, []),
        ({"num_predict": -1.0}, []),
        ({"num_predict": 0.0}, []),
        ({"ignore_eos": 1.0}, ["end-token-ignored"]),
        ({"ignore_eos": 0.0}, []),
        ({"top_k": 1e9, "temperature": 0.7}, []),
    ],
)
async def test_each_setting_is_judged(values: dict, expected: list[str]) -> None:
    assert symptoms(await run_check("model-settings", [AnswerDefaults(values=values)])) == expected


async def test_a_system_text_of_the_model_is_noted() -> None:
    found = await run_check("model-settings", [ModelCard(name="m", system_prompt="You are a pirate.")])
    assert symptoms(found) == ["own-system-text"]


@pytest.mark.parametrize("facts", [[], [ModelCard(name="m")]])
async def test_without_settings_there_is_no_verdict(facts: list) -> None:
    with pytest.raises(Skip):
        await run_check("model-settings", facts)


@pytest.mark.parametrize(
    ("facts", "name", "value", "source"),
    [
        ([OLLAMA, ModelCard(name="m", parameters_text='stop "x"\ntemperature   1.8\n')], "temperature", 1.8, "model"),
        ([OLLAMA, ModelCard(name="m", parameters_text="num_predict -1")], "num_predict", -1.0, "model"),
        ([OLLAMA, process("llama-server", "--temp", "2.0")], "temperature", 2.0, "command line of process 7"),
        ([OLLAMA, process("llama-server", "-n", "4096")], "num_predict", 4096.0, "command line"),
        ([MLX, process("mlx_lm.server")], "num_predict", 512.0, "default of mlx_lm.server"),
        ([MLX, process("mlx_lm.server", "--max-tokens", "8192")], "num_predict", 8192.0, "command line"),
        (
            [OLLAMA, ModelCard(name="m", parameters_text="temperature 1.8"), process("x", "--temp", "0.5")],
            "temperature",
            0.5,
            "command line",
        ),
    ],
)
async def test_settings_are_read_where_they_stand(facts: list, name: str, value: float, source: str) -> None:
    found = await collect_answer_defaults(given(facts))
    assert found.values[name] == value
    assert found.sources[name].startswith(source)


@pytest.mark.parametrize(
    "facts", [[OLLAMA], [OLLAMA, process("llama-server", "--temp", "hot")], [LLAMA, ModelCard(name="m")]]
)
async def test_no_settings_are_no_fact(facts: list) -> None:
    with pytest.raises(Skip, match="names settings"):
        await collect_answer_defaults(given(facts))


async def test_an_ollama_model_without_settings_is_known_to_have_none() -> None:
    found = await collect_answer_defaults(given([OLLAMA, ModelCard(name="m")]))
    assert (found.values, found.stops) == ({}, ())
    verdict = await run_check("model-settings", [found])
    assert [(item.label, item.value) for item in verdict.evidence] == [("settings that could spoil answers", 0)]


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        ('stop                           " "', (" ",)),
        ('stop  "<|im_end|>"\nnum_ctx  4096\nstop  "User:"', ("<|im_end|>", "User:")),
        ('stop "\\n"', ("\n",)),
        ('stop "a \\"word\\""', ('a "word"',)),
        ('stop "\\x"', ("\\x",)),
        ("num_ctx 4096", ()),
    ],
)
async def test_stop_texts_are_read_from_the_parameters(text: str, stops: tuple[str, ...]) -> None:
    assert (await collect_answer_defaults(given([OLLAMA, ModelCard(name="m", parameters_text=text)]))).stops == stops


@pytest.mark.parametrize("stop", [" ", "\n", "\n\n", ".", "a", "the", "and "])
async def test_a_stop_text_that_any_answer_holds_is_found(stop: str) -> None:
    (finding,) = (await run_check("stop-texts", [AnswerDefaults(values={}, stops=("<|im_end|>", stop))])).findings
    assert finding.symptom == "stop-text-ordinary"
    assert repr(stop) in finding.summary


@pytest.mark.parametrize("stop", ["<|im_end|>", "</s>", "User:", "###", "[INST]", "Human", "im_end", "Observation", ""])
async def test_markers_and_names_of_speakers_are_proper_stop_texts(stop: str) -> None:
    assert symptoms(await run_check("stop-texts", [AnswerDefaults(values={}, stops=(stop,))])) == []
    assert symptoms(await run_check("stop-texts", [AnswerDefaults(values={})])) == []


async def test_a_live_server_is_asked_and_its_command_line_has_the_last_word() -> None:
    params = {"temperature": 0.8, "n_predict": -1, "ignore_eos": True, "samplers": ["x"], "xtc": float(2)}
    body = {"default_generation_settings": {"params": params}}
    async with Canned(answer(body)) as server, context_for(server.url, process("llama-server", "-n", "16")) as context:
        found = await context.fact(AnswerDefaults)
    assert found.values == {"temperature": 0.8, "num_predict": 16.0, "ignore_eos": 1.0, "xtc": 2.0}
    assert found.sources["temperature"] == "GET /props"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("llama-server",), []),
        (("llama-server", "--temp", "1"), []),
        (("llama-server", "--grammar", 'root ::= "yes"'), ["answers-forced"]),
        (("llama-server", "--json-schema={}"), ["answers-forced"]),
        (("llama-server", "-j", "{}"), ["answers-forced"]),
        (("llama-server", "--grammar-file", "x.gbnf"), ["answers-forced"]),
    ],
)
async def test_a_grammar_of_the_server_is_found(words: tuple[str, ...], expected: list[str]) -> None:
    assert symptoms(await run_check("forced-grammar", [LLAMA, process(*words)])) == expected


async def test_other_servers_have_no_such_option() -> None:
    with pytest.raises(Skip, match="no such option"):
        await run_check("forced-grammar", [OLLAMA, process("ollama", "--grammar", "x")])
