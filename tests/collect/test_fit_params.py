"""llama.cpp's own estimate: its recorded output, the options that it is given, and programs that misbehave.

The table was printed by the real program; where one is on the search path, it is asked as well.
"""

import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from doctor.collect.fit_params import (
    PROGRAM,
    arguments_for,
    arguments_of,
    ask,
    ask_now,
    executables_of,
    locate,
    locate_here,
    parse,
)
from doctor.collect.shape import read_model_file
from doctor.errors import Malformed, TooLate, Unreachable
from doctor.facts import ServerProcess
from doctor.sizing.memory import MIB, need
from doctor.sizing.settings import Settings
from doctor.ward.engine import PATIENT

RECORDED = Path(__file__).resolve().parent.parent / "data/llama_fit_params.txt"
MODEL = Path("/models/m.gguf")
posix = pytest.mark.skipif(os.name == "nt", reason="programs of this test are scripts")


def recorded(title):
    section = next(part for part in RECORDED.read_text().split("\n## ") if part.startswith(title))
    return section.split("\n", 2)[2]


def program(folder, body, mode=0o755):
    """A program of the right name that runs these lines of Python."""
    path = folder / PROGRAM
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{body}\n")
    path.chmod(mode)
    return path


def test_the_recorded_table_is_read():
    (device, host) = parse(recorded("20 layers"))
    assert (device.name, device.model_mib, device.context_mib, device.compute_mib) == ("RPC0", 2773, 608, 258)
    assert (host.name, host.bytes) == ("Host", (1911 + 416 + 132) * MIB)
    assert [line.name for line in parse(recorded("the same without packing"))] == ["Host"]


def test_talk_around_the_table_is_left_out():
    text = "ggml_cuda_init: found 1 CUDA devices:\nCUDA0 17904 384 898 \nHost 58259 0 12 \n"
    assert [line.name for line in parse(text)] == ["CUDA0", "Host"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-c 4096 -ngl 99\n",
        "CUDA0 1 2 3\n",
        "Host 1 2\n",
        "Host a b c\n",
        "G 1 1 1\n" * 65 + "Host 1 1 1\n",
        "\x00" * 99,
    ],
)
def test_anything_else_is_no_table(text):
    with pytest.raises(Malformed):
        parse(text)


def test_a_hostile_device_name_is_made_harmless():
    assert parse("\x1b[31mGPU 1 1 1\nHost 1 1 1\n")[0].name.isprintable()


def test_the_settings_become_options():
    settings = Settings(context=8192, slots=2, kv_type_k="q8_0", flash_attention=False, ubatch=256, gpu_layers=5)
    words = " ".join(arguments_for(MODEL, settings, 33))
    for part in (
        "--model /models/m.gguf",
        "--ctx-size 8192",
        "--parallel 2",
        "--cache-type-k q8_0",
        "--flash-attn off",
    ):
        assert part in words
    assert "--ubatch-size 256" in words
    assert "--gpu-layers 5" in words
    assert words.endswith("--no-repack --fit-print on")


def test_all_layers_none_and_a_shared_cache_are_said_in_its_words():
    assert "--gpu-layers 33" in " ".join(arguments_for(MODEL, Settings(), 33))
    assert "--gpu-layers 0" in " ".join(arguments_for(MODEL, Settings(backend="cpu"), 33))
    assert "--parallel 1" in " ".join(arguments_for(MODEL, Settings(slots=4, kv_unified=True), 33))
    assert "--cpu-moe" in arguments_for(MODEL, Settings(experts_on_cpu=True), 33)
    assert "--swa-full" in arguments_for(MODEL, Settings(swa_full=True), 33)


def test_a_servers_own_options_are_given_on_and_nothing_else():
    process = ServerProcess(
        pid=1,
        name="llama-server",
        command=(
            *("llama-server", "-m", "x.gguf", "-c", "1024", "-ngl", "20", "-ctk", "q8_0", "--port", "8080", "-cmoe"),
            *("--jinja", "--api-key", "secret", "-ub", "256", "-np", "4"),
        ),
        environment={"LLAMA_ARG_CACHE_TYPE_V": "q8_0", "LLAMA_ARG_PORT": "1"},
    )
    words = arguments_of(process, MODEL, 4096, 4)
    assert "secret" not in words
    assert "8080" not in words
    text = " ".join(words)
    for part in (
        "--gpu-layers 20",
        "--cache-type-k q8_0",
        "--cache-type-v q8_0",
        "--ubatch-size 256",
        "--ctx-size 4096",
    ):
        assert part in text
    assert "--cpu-moe" in words
    assert "--parallel 4" in text


def test_a_server_without_a_slot_count_shares_one_cache():
    plain = ServerProcess(pid=1, name="llama-server", command=("llama-server", "-m", "x.gguf"))
    assert "--parallel 1" in " ".join(arguments_of(plain, MODEL, 8192, 4))
    unified = ServerProcess(pid=1, name="llama-server", command=("llama-server", "-np", "4", "-kvu"))
    assert "--parallel 1" in " ".join(arguments_of(unified, MODEL, 8192, 4))


@posix
async def test_a_programs_table_is_what_was_probed(tmp_path):
    path = program(tmp_path, 'print("CUDA0 4403 1024 290 \\nHost 281 0 40 ")')
    found = await ask(path, ("--fit-print", "on"), {})
    assert found.device_bytes == (4403 + 1024 + 290) * MIB
    assert found.host.model_mib == 281
    assert found.arguments == ("--fit-print", "on")


@posix
async def test_no_variable_of_ours_changes_its_settings(tmp_path):
    names = "LLAMA_ARG_CTX_SIZE", "OPENAI_API_KEY", "GGML_NO_BACKTRACE", "CUDA_VISIBLE_DEVICES"
    path = program(
        tmp_path, f'print(*(f"{{n}}{{os.environ.get(n)}} 1 1 1" for n in {names!r}), "Host 1 1 1", sep="\\n")'
    )
    ours = {"LLAMA_ARG_CTX_SIZE": "9", "OPENAI_API_KEY": "secret", "CUDA_VISIBLE_DEVICES": "1"}
    found = await ask(path, (), ours)
    assert [line.name for line in found.devices] == [
        "LLAMA_ARG_CTX_SIZENone",
        "OPENAI_API_KEYNone",
        "GGML_NO_BACKTRACE1",
        "CUDA_VISIBLE_DEVICES1",
    ]


@posix
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("sys.exit(1)", Unreachable),
        ("os.abort()", Unreachable),
        ('print("no table")', Malformed),
        ('print("x" * (2 << 20))', Malformed),
        ("time.sleep(60)", TooLate),
    ],
)
async def test_a_program_that_misbehaves_ends_in_time_with_a_reason(tmp_path, body, error):
    began_s = time.monotonic()
    with pytest.raises(error):
        await ask(program(tmp_path, body), (), {}, deadline_s=1.5 if error is TooLate else 15.0)
    assert time.monotonic() - began_s < 20


@posix
def test_a_failing_program_leaves_the_computed_numbers_alone(tmp_path):
    assert ask_now(program(tmp_path, "sys.exit(1)"), ()) is None


@posix
def test_only_a_program_that_nobody_else_can_write_is_started(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert locate() is None
    path = program(tmp_path, "pass", 0o757)
    assert locate() is None
    path.chmod(0o755)
    assert locate() == path
    path.chmod(0o644)
    assert locate() is None
    path.unlink()
    path.mkdir()
    assert locate() is None


@posix
def test_the_program_beside_a_server_is_found_first(tmp_path, monkeypatch):
    beside, other = tmp_path / "server", tmp_path / "bin"
    beside.mkdir()
    other.mkdir()
    ours, theirs = program(beside, "pass"), program(other, "pass")
    monkeypatch.setenv("PATH", str(other))
    assert locate([beside / "llama-server"]) == ours
    assert locate([tmp_path / "nowhere/llama-server"]) == theirs


def test_the_executable_of_a_process_is_found_and_of_none_is_not():
    assert executables_of([os.getpid()]) == [Path(sys.executable).resolve()] or executables_of([os.getpid()])
    assert executables_of([1 << 30]) == []


@pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="llama.cpp's own program is not here")
async def test_the_real_program_agrees_with_the_computed_need():
    """Real program: weights and cache to the MiB, on whatever devices are here."""
    model = read_model_file(PATIENT)
    settings = Settings(context=4096, backend="cpu")
    found = await ask(locate_here(), arguments_for(PATIENT, settings, 7), os.environ)
    needed = need(model.shape, settings)
    lines = (*found.devices, found.host)
    assert sum(line.model_mib for line in lines) == pytest.approx(needed.weights.host / MIB, abs=2)
    assert sum(line.context_mib for line in lines) == pytest.approx(needed.kv.host / MIB, abs=2)
