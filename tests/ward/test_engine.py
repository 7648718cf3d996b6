"""The engine's life cycle, on the real engine: it starts, it answers, and it never outlives its block."""

import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from doctor.errors import WardError
from doctor.http import Client
from doctor.ward import engine as ward_engine
from doctor.ward.engine import Settings, serve, serving

pytestmark = pytest.mark.ward
REPOSITORY = Path(__file__).resolve().parents[2]
SAY_READY = {
    "messages": [{"role": "user", "content": "Reply with the single word: ready"}],
    "max_tokens": 8,
    "temperature": 0,
}


def gone(pid):
    """Whether the process has ended, after at most ten seconds."""
    try:
        psutil.Process(pid).wait(timeout=10)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


async def test_the_shared_engine_answers(engine):
    """Real engine."""
    async with Client(engine) as client:
        answer = await client.post("/v1/chat/completions", SAY_READY)
    assert answer.json()["choices"][0]["message"]["content"] == "ready"


async def test_it_is_gone_after_its_block():
    """Real engine."""
    async with serve() as running:
        assert psutil.pid_exists(running.pid)
    assert gone(running.pid)
    assert not running.log.exists()


def test_it_is_gone_after_an_exception():
    """Real engine."""
    with pytest.raises(ZeroDivisionError), serving() as running:
        raise ZeroDivisionError
    assert gone(running.pid)


def test_it_ends_when_its_parent_is_killed():
    """Real engine, started by a process that is then killed without a chance to clean up."""
    code = (
        "import sys\n"
        "from doctor.ward.engine import serving\n"
        "with serving() as running:\n"
        "    print(running.pid, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY
    ) as parent:
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
        parent.wait()
        assert gone(pid)


def test_it_ends_after_its_longest_life():
    """Real engine."""
    with serving(settings=Settings(max_life_s=1.0)) as running:
        process = psutil.Process(running.pid)
        process.wait(timeout=20)
        assert not process.is_running()


def test_a_file_that_is_no_model_is_an_error_with_the_engines_own_words(tmp_path):
    """Real engine."""
    pointer = tmp_path / "model.gguf"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(WardError, match="expected 'GGUF'"), serving(pointer):
        pass


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(WardError, match="there is no model file"), serving(tmp_path / "none.gguf"):
        pass


def test_without_the_wheel_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(ward_engine, "installed", lambda: False)
    with pytest.raises(WardError, match=r'pip install "llm-doctor\[demo\]"'), serving():
        pass


async def test_slots_cut_the_window_unless_they_share_it():
    """Real engine."""
    windows = {}
    for unified in (False, True):
        settings = Settings(context=2048, slots=4, unified=unified)
        async with serve(settings=settings) as running, Client(running.url) as client:
            props = (await client.get("/props")).json()
        windows[unified] = (props["total_slots"], props["default_generation_settings"]["n_ctx"])
    assert windows == {False: (4, 512), True: (4, 2048)}


async def test_a_key_is_asked_for_when_one_is_set():
    """Real engine."""
    async with (
        serve(settings=Settings(api_key="ward-key")) as running,
        Client(running.url) as stranger,
        Client(running.url, api_key="ward-key") as friend,
    ):
        assert (await stranger.get("/props")).status == 401
        assert (await friend.get("/props")).status == 200


async def test_the_log_of_a_running_engine_has_its_memory_sizes():
    """Real engine, which writes its log a little later than it answers."""
    async with serve() as running, Client(running.url) as client:
        while "llama_kv_cache: size =" not in (text := running.log.read_text(errors="replace")):
            await client.get("/health")
    assert re.search(r"llama_kv_cache: size = +[\d.]+ MiB", text)


async def test_flags_reach_the_server_and_its_command_line():
    """Real engine."""
    settings = Settings(flags={"--temp": 1.5, "--ignore-eos": True, "--cache-type-k": "q8_0"})
    async with serve(settings=settings) as running, Client(running.url) as client:
        asked = (await client.get("/props")).json()["default_generation_settings"]["params"]
        words = psutil.Process(running.pid).cmdline()
    assert (asked["temperature"], asked["ignore_eos"]) == (1.5, True)
    assert words[-5:] == ["--temp", "1.5", "--ignore-eos", "--cache-type-k", "q8_0"]


def test_a_flag_that_is_not_known_ends_the_start():
    """Real engine's child."""
    with pytest.raises(WardError, match="--no-such-flag"), serving(settings=Settings(flags={"--no-such-flag": True})):
        pass
