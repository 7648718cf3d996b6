"""`llm-doctor fit` on the ward's small model and on files built for it."""

import json
import os

import pytest

from doctor.ward.engine import PATIENT
from tests.collect.test_gguf import model, tensor
from tests.collect.test_safetensors import write_folder
from tests.collect.test_split_model import write_parts

CONTRACT = {"weights", "kv", "compute", "total", "margin_mib", "verdict", "speed"}


def fitted(doctor, *words):
    ended = doctor("fit", *map(str, words), "--format", "json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_the_json_has_the_fields_and_units_of_the_contract(doctor):
    found = fitted(doctor, PATIENT, "--ctx", 8192, "--device", "RTX 3090")
    assert set(found) >= CONTRACT
    for part in ("weights", "kv", "compute", "total"):
        assert set(found[part]) == {"device_mib", "host_mib"}
    assert found["kv"] == {"device_mib": 24.0, "host_mib": 0.0}
    assert found["verdict"] == "fits"
    assert set(found["speed"]) == {"decode_tok_s", "slow_below_tok_s", "prefill_tok_s"}
    sums = [round(sum(found[part][side] for part in ("weights", "kv", "compute")), 1) for side in found["total"]]
    assert sums == pytest.approx(list(found["total"].values()), abs=0.1)


def test_without_a_known_device_there_is_no_speed(doctor):
    assert fitted(doctor, PATIENT, "--ngl", 3)["speed"] is None


@pytest.mark.parametrize(
    ("words", "kv_mib"),
    [
        (("--ctx", 4096), 12.0),
        (("--ctx", 4096, "--kv-type", "q8_0"), 6.38),
        (("--ctx", 4096, "--kv-type", "f16,q8_0"), 9.19),
        (("--ctx", 1000, "--parallel", 4), 3.0),
        (("--ctx", 8192, "--parallel", 4, "--kv-unified"), 24.0),
        (("--ctx", 0), 12.0),
    ],
)
def test_the_options_reach_the_model(doctor, words, kv_mib):
    assert fitted(doctor, PATIENT, *words)["kv"]["device_mib"] == kv_mib


def test_layers_and_backend_decide_the_side(doctor):
    assert fitted(doctor, PATIENT, "--backend", "cpu", "--device", "DDR5-6000 x2")["kv"]["device_mib"] == 0
    half = fitted(doctor, PATIENT, "--ctx", 4096, "--ngl", 4)
    assert half["kv"] == {"device_mib": 6.0, "host_mib": 6.0}


def test_the_text_has_the_table_the_bar_the_verdict_and_the_levers(doctor):
    ended = doctor("fit", str(PATIENT), "--ctx", "131072", "--device", "RTX 3060 12GB")
    assert ended.returncode == 0
    for words in ("weights", "KV cache", "compute", "total", "It fits", "largest context", "KV cache as q8_0"):
        assert words in ended.stdout
    assert "[" in ended.stdout
    assert ended.stderr == ""


def test_a_projector_adds_its_weights(doctor, tmp_path):
    part = tmp_path / "mmproj.gguf"
    part.write_bytes(model([], [tensor("v.w", (1024, 1024), 1, 0)], data=2 << 20))
    without, with_it = fitted(doctor, PATIENT), fitted(doctor, PATIENT, "--mmproj", part)
    assert with_it["weights"]["device_mib"] - without["weights"]["device_mib"] == pytest.approx(2, abs=0.02)


def test_a_macs_memory_is_read_from_its_name(doctor):
    assert fitted(doctor, PATIENT, "--device", "M4 Max 40c 64GB")["verdict"] == "fits"
    assert fitted(doctor, PATIENT, "--device", "M4 Max 40c")["verdict"] == "unknown"


def test_a_folder_of_safetensors_is_a_model(doctor, tmp_path):
    write_folder(tmp_path)
    assert fitted(doctor, tmp_path)["model"]["layers"] == 2


def test_a_missing_part_is_one_sentence_and_three(doctor, tmp_path):
    paths = write_parts(tmp_path)
    paths[2].unlink()
    ended = doctor("fit", str(paths[0]))
    assert ended.returncode == 3
    assert ended.stderr.strip().splitlines() == [
        "llm-doctor: 1 of the model's 3 parts is missing: big-00003-of-00003.gguf"
    ]


def test_a_cut_off_file_says_how_much_is_missing(doctor, tmp_path):
    path = tmp_path / "m.gguf"
    path.write_bytes(PATIENT.read_bytes())
    os.truncate(path, PATIENT.stat().st_size - 1000)
    ended = doctor("fit", str(path))
    assert ended.returncode == 3
    assert "1000 bytes of its tensors are missing" in ended.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("./none.gguf",), "there is no file ./none.gguf"),
        (("none.gguf",), "neither a file nor a model"),
        (("/dev/null",), "not a regular file"),
        (("/dev/zero",), "not a regular file"),
        (("{model}", "--kv-type", "q9"), "is none of f32"),
        (("{model}", "--kv-type", "f16,f16,f16"), "takes one type, or two"),
        (("{model}", "--kv-type", "q8_0", "--flash-attn", "off"), "needs flash attention"),
        (("{model}", "--device", "RTX 4060 SUPER"), "not in the table of devices"),
        (("{model}", "--ctx", "-1"), "--ctx"),
        (("{model}", "--ctx", "99999999999"), "--ctx"),
        (("{model}", "--parallel", "0"), "--parallel"),
        (("{model}", "--backend", "cude"), "cuda"),
        (("\x1b[31mred\x07/",), "neither a file nor a model"),
    ],
)
def test_wrong_input_is_one_clear_sentence(doctor, words, sentence):
    ended = doctor("fit", *(word.format(model=PATIENT) if "{" in word else word for word in words))
    assert ended.returncode == 3
    assert sentence in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "\x1b" not in ended.stderr
    assert ended.stdout == ""


@pytest.mark.ward
def test_a_running_servers_model_is_found_by_its_name(doctor, engine):
    """Real engine: the name that it gives its model leads to the file that it serves."""
    ended = doctor("fit", PATIENT.name, "--ctx", "4096", "--format", "json", env={"OPENAI_BASE_URL": f"{engine}/v1"})
    assert json.loads(ended.stdout)["kv"]["device_mib"] == 12.0, ended.stderr
