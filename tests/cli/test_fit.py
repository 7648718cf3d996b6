"""`llm-doctor fit` on the ward's small model and on files built for it."""

import json
import os
from pathlib import Path

import pytest

from doctor.collect.machine import DEVICE_FILES
from doctor.ward.engine import PATIENT
from tests.collect.test_fit_params import posix, program
from tests.collect.test_gguf import STRING, key, model, tensor, text
from tests.collect.test_safetensors import write_folder
from tests.collect.test_split_model import write_parts

without_gpu = pytest.mark.skipif(any(Path(file).exists() for file in DEVICE_FILES), reason="a GPU may be here")
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


def test_every_number_says_where_it_comes_from(doctor):
    found = fitted(doctor, PATIENT, "--device", "RTX 3090 + DDR5-6000 x2 64GB")
    assert (found["memory_origin"], found["verdict_origin"], found["probed"]) == ("computed", "computed", None)
    assert found["room"]["origin"] == "computed"
    assert [entry["origin"] for entry in found["bandwidth"]] == ["computed", "computed"]
    assert found["room"]["host_mib"] == 64 * 1024
    low, high = found["speed_detail"]["prefill_range_tok_s"]
    assert low < found["speed"]["prefill_tok_s"] < high
    assert found["speed_detail"]["advise_only"]


@without_gpu
def test_a_machine_without_a_gpu_answers_for_its_processor_as_well(doctor):
    """This machine: what was asked stays as it was, and the processor's answer is beside it and on the page."""
    found = fitted(doctor, PATIENT)
    assert found["kv"]["device_mib"] == 12.0
    assert found["processor"]["kv"] == {"device_mib": 0.0, "host_mib": 12.0}
    assert found["processor"]["verdict"] == "fits"
    assert found["processor"]["room"]["origin"] == "reported"
    assert [entry["origin"] for entry in found["processor"]["bandwidth"]] == ["probed"]
    page = doctor("fit", str(PATIENT)).stdout
    assert "It fits on this machine." in page
    assert "GB/s measured" in " ".join(page.split())
    assert "No graphics card was found here" in page


@without_gpu
def test_layers_that_were_asked_for_are_not_answered_for_the_processor(doctor):
    assert "processor" not in fitted(doctor, PATIENT, "--ngl", 3)
    assert "processor" not in fitted(doctor, PATIENT, "--backend", "cpu")


@posix
def test_llama_cpps_own_numbers_stand_beside_the_computed_ones(doctor, tmp_path):
    program(tmp_path, 'print("Host 4 12 10 ")')
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ended = doctor("fit", str(PATIENT), "--backend", "cpu", "--format", "json", env={"PATH": path})
    found = json.loads(ended.stdout)
    assert found["probed"]["total"] == {"device_mib": 0.0, "host_mib": 26.0}
    assert (found["verdict_origin"], found["memory_origin"]) == ("probed", "computed")
    assert found["weights"]["host_mib"] != 4.0
    page = doctor("fit", str(PATIENT), "--backend", "cpu", env={"PATH": path}).stdout
    assert "llama.cpp" in page
    assert "llama-fit-params" in page
    without = doctor("fit", str(PATIENT), "--backend", "cpu", "--no-probe", "--format", "json", env={"PATH": path})
    assert json.loads(without.stdout)["probed"] is None


@posix
def test_another_machines_devices_are_not_asked_of_this_ones_program(doctor, tmp_path):
    program(tmp_path, 'print("Host 4 12 10 ")')
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ended = doctor("fit", str(PATIENT), "--device", "RTX 3090", "--format", "json", env={"PATH": path})
    assert json.loads(ended.stdout)["probed"] is None


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


def typed(path, kind, architecture="llama"):
    """A small file that says what it is."""
    keys = [key("general.architecture", STRING, text(architecture)), key("general.type", STRING, text(kind))]
    path.write_bytes(model(keys, [tensor("v.w", (64, 64), 1, 0)], data=8192))
    return path


@pytest.mark.parametrize(
    ("kind", "architecture", "sentence"),
    [
        ("mmproj", "clip", "is a projector, the part of a model that reads images, not a model"),
        ("model", "clip", "is a projector"),
        ("adapter", "llama", "is an adapter (LoRA), not a model"),
    ],
)
def test_a_part_of_a_model_is_called_what_it_is(doctor, tmp_path, kind, architecture, sentence):
    ended = doctor("fit", str(typed(tmp_path / "p.gguf", kind, architecture)))
    assert ended.returncode == 3
    assert sentence in ended.stderr


def test_a_model_is_no_projector(doctor, tmp_path):
    ended = doctor("fit", str(PATIENT), "--mmproj", str(typed(tmp_path / "p.gguf", "adapter")))
    assert (ended.returncode, "is no projector but a file of type adapter" in ended.stderr) == (3, True)


def test_a_folder_with_one_model_is_that_model(doctor, tmp_path):
    (tmp_path / "m.gguf").write_bytes(PATIENT.read_bytes())
    typed(tmp_path / "mmproj-m.gguf", "mmproj", "clip")
    assert fitted(doctor, tmp_path)["model"]["layers"] == 6


def test_a_folder_with_the_parts_of_one_model_is_that_model(doctor, tmp_path):
    write_parts(tmp_path)
    assert fitted(doctor, tmp_path)["model"]["layers"] > 0


def test_a_folder_with_several_models_or_none_says_so(doctor, tmp_path):
    empty = doctor("fit", str(tmp_path))
    assert "is a folder without a model" in empty.stderr
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(PATIENT.read_bytes())
    several = doctor("fit", str(tmp_path))
    assert (empty.returncode, several.returncode) == (3, 3)
    assert "is a folder with 2 models; name one of them: a.gguf, b.gguf" in several.stderr


def test_a_wrong_name_is_answered_with_the_file_that_was_meant(doctor, tmp_path):
    (tmp_path / "llama-8b.gguf").write_bytes(PATIENT.read_bytes())
    ended = doctor("fit", str(tmp_path / "llama-8B.ggfu"))
    assert "did you mean llama-8b.gguf?" in ended.stderr


@posix
def test_a_link_to_nothing_says_so(doctor, tmp_path):
    (tmp_path / "m.gguf").symlink_to(tmp_path / "gone.gguf")
    assert "is a link to a file that is not there" in doctor("fit", str(tmp_path / "m.gguf")).stderr


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="this user may read everything")
def test_a_file_that_may_not_be_read_says_so(doctor, tmp_path):
    path = tmp_path / "m.gguf"
    path.write_bytes(PATIENT.read_bytes())
    path.chmod(0)
    ended = doctor("fit", str(path))
    assert ended.returncode == 3
    assert "cannot be read" in ended.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("{model}", "--device", "RTX 3O90"), "did you mean RTX 3090?"),
        (("{model}", "--device", "DDR5-6000"), "channels or width"),
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
