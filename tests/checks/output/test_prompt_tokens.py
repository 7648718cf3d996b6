"""The checks bos, markers, end-token, pretokenizer and quantization on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import ChatTemplate, FileHealth, ModelCard, Models, Rendered
from tests.given import run_check, symptoms

CHATML = "<|im_start|>user\none<|im_end|>\n"
HERE = Models(names=("m:1",), chosen="m:1")
END = "tokenizer.ggml.eos_token_id"


def rendered(**more):
    return Rendered(**({"chat": CHATML, "end_marker": "<|im_end|>", "end_marker_id": 7} | more))


def card(**more):
    return ModelCard(**({"name": "m:1", "eos_token": "<|im_end|>"} | more))


@pytest.mark.parametrize(("count", "expected"), [(0, []), (1, []), (2, ["double-bos"])])
async def test_one_start_token_or_none_is_right(count, expected):
    assert symptoms(await run_check("bos", [rendered(leading_bos=count)])) == expected


async def test_a_server_that_shows_no_tokens_is_not_judged():
    with pytest.raises(Skip, match="start token"):
        await run_check("bos", [rendered()])


async def test_markers_that_are_tokens_pass():
    assert symptoms(await run_check("markers", [rendered(marker_tokens={"<|im_end|>": 1}), card()])) == []


async def test_a_family_that_writes_markers_as_plain_text_on_purpose_is_healthy():
    """Zephyr: <|user|> is ordinary text there, and </s> closes the turn."""
    zephyr = rendered(chat="<|user|>\none</s>", marker_tokens={"<|user|>": 5, "</s>": 1})

    assert symptoms(await run_check("markers", [zephyr, card(eos_token="</s>")])) == []


async def test_a_base_vocabulary_without_turns_is_not_called_foreign():
    llama2 = rendered(chat="[INST] one [/INST]", marker_tokens={"[INST]": 4})

    assert symptoms(await run_check("markers", [llama2, card(eos_token="<|endoftext|>")])) == []


async def test_a_template_of_another_family_never_writes_the_model_s_own_end():
    llama2 = rendered(chat="[INST] one [/INST]", marker_tokens={"[INST]": 4})

    verdict = await run_check("markers", [llama2, card()])

    assert symptoms(verdict) == ["marker-split-into-pieces"]
    assert "<|im_end|>" in verdict.findings[0].summary


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        ((rendered(end_marker="<|turn|>"), card(eos_token="<s>", metadata={END: 1})), "warning"),
        ((rendered(end_marker="<|turn|>"), card(eos_token="<s>")), "note"),
    ],
)
async def test_an_unknown_end_is_certain_only_with_the_file_s_numbers(facts, severity):
    verdict = await run_check("end-token", facts)

    assert [finding.severity for finding in verdict.findings] == [severity]


@pytest.mark.parametrize(
    "facts",
    [
        (rendered(), card()),
        (rendered(), card(eos_token="<|endoftext|>", metadata={END: 1})),
        (rendered(end_marker="<|mine|>"), card(eos_token="<s>", metadata={END: 1, "tokenizer.ggml.eot_token_id": 7})),
    ],
    ids=["the end token itself", "repaired by llama.cpp", "a second end token of the file"],
)
async def test_known_ends_pass(facts):
    assert symptoms(await run_check("end-token", facts)) == []


async def test_turns_that_end_with_the_next_header_are_not_judged():
    with pytest.raises(Skip, match="without a marker"):
        await run_check("end-token", [rendered(end_marker=""), card()])


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "qwen2"}, []),
        ({"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "default"}, ["pretokenizer-unnamed"]),
        ({"tokenizer.ggml.model": "gpt2"}, ["pretokenizer-unnamed"]),
        ({"tokenizer.ggml.model": "llama"}, []),
        ({"tokenizer.ggml.model": "bert"}, []),
    ],
)
async def test_a_byte_pair_vocabulary_needs_a_named_pretokenizer(metadata, expected):
    assert symptoms(await run_check("pretokenizer", [card(metadata=metadata)])) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((card(quantization="Q4_K_M"),), []),
        ((card(quantization="Q2_K"),), ["few-bits-per-weight"]),
        ((card(quantization="IQ1_S"),), ["few-bits-per-weight"]),
        ((card(quantization="MXFP4"),), []),
        ((card(quantization="Q2_K", size_bytes=3_500, parameters=8_000),), []),
        (
            (card(quantization="Q8_0"), FileHealth(path="/m", size_bytes=1, bits_per_weight=2.1)),
            ["few-bits-per-weight"],
        ),
    ],
)
async def test_bits_are_measured_before_they_are_guessed_from_the_name(facts, expected):
    verdict = await run_check("quantization", [HERE, *facts])

    assert symptoms(verdict) == expected
    assert all(finding.severity == "note" for finding in verdict.findings)


async def test_a_name_that_says_nothing_is_not_judged():
    with pytest.raises(Skip, match="how the weights are stored"):
        await run_check("quantization", [HERE, card(quantization="unknown")])


JINJA = "{{- '<|im_start|>' + message.role + '\\n' + message.content + '%s\\n' }}"
GO = "<|im_start|>{{ .Role }}\n{{ .Content }}%s"


TOOL = "{{- '<tool_response>' + message.content + '</tool_response>' }}"


@pytest.mark.parametrize("template", [JINJA, JINJA + TOOL, GO, "{{ message['content'] | trim }}%s"])
@pytest.mark.parametrize(
    ("marker", "end", "found"),
    [
        ("<|turn_over|>", "<|endoftext|>", ["end-marker-not-end-token"]),
        ("<|turn_over|>", "<|turn_over|>", []),
        ("<|im_end|>", "<|endoftext|>", []),
    ],
)
async def test_without_a_rendered_prompt_the_template_and_the_file_tell(template, marker, end, found):
    facts = [ChatTemplate(text=template % marker), FileHealth(path="m.gguf", size_bytes=1, end_tokens=(end,))]
    assert symptoms(await run_check("end-token", facts)) == found


@pytest.mark.parametrize(
    ("template", "end"),
    [(JINJA % "", ("<|x|>",)), (JINJA % "<|a|>" + JINJA % "<|b|>", ("<|x|>",)), (JINJA % "<|a|>", ())],
)
async def test_a_template_or_file_that_does_not_tell_is_not_judged(template, end):
    with pytest.raises(Skip, match="renders it"):
        await run_check("end-token", [ChatTemplate(text=template), FileHealth(path="x", size_bytes=1, end_tokens=end)])


async def test_a_marker_that_the_file_names_as_the_end_of_a_turn_is_right():
    """The end token of the text is another one, as in base models that learned to chat."""
    file = FileHealth(path="x", size_bytes=1, end_tokens=("<|endoftext|>", "<|turn_over|>"))
    assert symptoms(await run_check("end-token", [ChatTemplate(text=JINJA % "<|turn_over|>"), file])) == []
