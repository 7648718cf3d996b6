"""A real llama.cpp server's own log of its buffers against the prediction, on the ward's small model."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from doctor.collect.footprint import KEPT_FREE_BYTES, footprint
from doctor.collect.shape import read_model_file
from doctor.sizing.memory import MIB, need
from doctor.sizing.settings import NEWER_BUILD, Settings
from doctor.ward.engine import PATIENT, installed

pytestmark = [
    pytest.mark.ward,
    pytest.mark.skipif(not installed() or sys.platform != "linux", reason="needs the extra demo, and Linux"),
]
CHILD = Path(__file__).with_name("engine_child.py")
LAST_WORDS = ("compute buffer size", "address space =")  # the engine's last one that is read here, and the child's own
TOLERANCE_MIB = 0.006  # the log has two decimals
SETTINGS = [
    Settings(context=256),
    Settings(context=256, flash_attention=False),
    Settings(context=1000),
    Settings(context=4096),
    Settings(context=4096, flash_attention=False),
    Settings(context=16384, flash_attention=False),
    Settings(context=8192, ubatch=64),
    Settings(context=8192, ubatch=2048),
    Settings(context=8192, ubatch=2048, flash_attention=False),
    Settings(context=8192, slots=4),
    Settings(context=8192, slots=4, kv_unified=True),
    Settings(context=8192, slots=3, ubatch=256, flash_attention=False),
    Settings(context=8192, kv_type_k="q8_0", kv_type_v="q8_0"),
    Settings(context=8192, kv_type_k="q4_0", kv_type_v="f16"),
    Settings(context=8192, kv_type_k="f32", kv_type_v="f32"),
]


def start(settings: Settings, limit_bytes: int = 0) -> subprocess.CompletedProcess[str]:
    """Load the model in a process of its own, whose address space may be limited."""
    wanted = {
        "model": str(PATIENT),
        "limit_bytes": limit_bytes,
        "n_ctx": settings.context,
        "n_parallel": settings.slots,
        "kv_unified": settings.kv_unified,
        "n_ubatch": settings.ubatch,
        "n_batch": max(2048, settings.ubatch),
        "cache_type_k": settings.kv_type_k,
        "cache_type_v": settings.kv_type_v,
        "flash_attn_type": "ENABLED" if settings.flash_attention else "DISABLED",
    }
    # No backtrace: it would be made by a debugger, which takes seconds.
    environment = {**os.environ, "GGML_NO_BACKTRACE": "1"}
    command = [sys.executable, str(CHILD), json.dumps(wanted)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as child:
        log = ""
        # The engine writes its log from a thread of its own, which is late on a busy machine.
        while not all(wanted in log for wanted in LAST_WORDS) and (line := child.stderr.readline()):
            log += line
        _, rest = child.communicate()
    return subprocess.CompletedProcess(command, child.returncode, stderr=log + rest)


def logged(name: str, text: str) -> float:
    """MiB of all buffers of this name."""
    return sum(float(size) for size in re.findall(name + r" buffer size = +([\d.]+) MiB", text))


def predicted(settings: Settings):
    """What the server should take: it keeps one row of logits for each slot."""
    engine = msgspec.structs.replace(settings, backend="cpu", build=NEWER_BUILD, outputs=settings.slots)
    return need(read_model_file(PATIENT).shape, engine)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: f"{s.context}-{s.slots}-{s.ubatch}-{s.kv_type_k}")
def test_the_buffers_are_as_predicted(settings):
    """Real engine."""
    log = start(settings).stderr
    expected = predicted(settings)
    found = [logged(name, log) for name in ("model", "KV", "compute")]
    assert found[:2] == pytest.approx([expected.weights.host / MIB, expected.kv.host / MIB], abs=TOLERANCE_MIB)
    assert found[2] == pytest.approx(expected.compute.host / MIB, abs=TOLERANCE_MIB)


def test_a_context_beyond_the_forecast_really_fails():
    """Real engine, in a process whose address space ends 1 GiB above what it takes with a small context.

    A tenth below the forecast is left for the engine's threads, whose stacks are addresses too.
    """
    base = Settings(context=4096, backend="cpu", outputs=1)
    used = int(re.findall(r"address space = (\d+) bytes", start(base).stderr)[0])
    room = 1024 * MIB
    model = read_model_file(PATIENT)
    forecast = footprint(model, base, room + KEPT_FREE_BYTES, "RAM", grows=False).tokens_that_fit
    assert start(Settings(context=int(forecast * 0.9)), used + room).returncode == 0
    assert start(Settings(context=int(forecast * 1.05)), used + room).returncode != 0
