"""vLLM's pool of KV cache from its metrics: recorded from vLLM 0.32.0, and changed by hand."""

import json

import pytest

from doctor.errors import Skip
from doctor.facts import CachePool
from doctor.runtimes import vllm_pool
from doctor.runtimes.metrics import parse
from tests.answering import REFERENCE, Wire, asking

MODELS = {"data": [{"id": "m", "max_model_len": 4096}]}
IDLE = """# HELP vllm:kv_cache_usage_perc KV-cache usage. 1 means 100 percent usage.
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="a \\"b\\""} 0.0
vllm:num_requests_running{engine="0"} 0.0
vllm:num_requests_waiting{engine="0"} 0.0
vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 9.0
vllm:num_preemptions_total{engine="0"} 7.0
vllm:cache_config_info{block_size="16",engine="0",kv_cache_size_tokens="39024",num_gpu_blocks="2439"} 1.0
"""
BUSY = IDLE.replace('running{engine="0"} 0.0', 'running{engine="0"} 12.0').replace("perc{", 'perc{x="",')
FULL = BUSY.replace('b\\""} 0.0', 'b\\""} 0.98').replace('waiting{engine="0"} 0.0', 'waiting{engine="0"} 3.0')


class Changing(Wire):
    """A server whose metrics change from one reading to the next."""

    def answer(self, path):
        bodies = self.table.get(path)
        if isinstance(bodies, list):
            return 200, (bodies.pop(0) if len(bodies) > 1 else bodies[0]).encode()
        return super().answer(path)


async def pool(*bodies, models=MODELS):
    async with asking(Changing(table={"/metrics": list(bodies), "/v1/models": models}), "vllm") as context:
        return await context.fact(CachePool)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(vllm_pool, "APART_S", 0.01)


async def test_an_idle_server_is_read_once_and_its_old_count_is_not_of_now():
    found = await pool(IDLE, FULL)
    assert (found.tokens, found.window, found.usage, found.waiting) == (39024, 4096, 0.0, 0)
    assert (found.preempted, found.preempted_since_start, found.seconds) == (0, 7, 0.0)


async def test_a_server_at_work_is_read_twice_and_only_what_lasts_counts():
    lasting = await pool(FULL, FULL.replace('total{engine="0"} 7.0', 'total{engine="0"} 9.0'))
    assert (lasting.usage, lasting.waiting, lasting.running, lasting.preempted) == (0.98, 3, 12, 2)
    assert lasting.seconds > 0
    assert (await pool(FULL, BUSY)).waiting == 0


async def test_blocks_stand_in_for_tokens_and_several_engines_are_added():
    line = 'vllm:cache_config_info{block_size="16",engine="1",num_gpu_blocks="1000"} 1.0\n'
    assert (await pool(IDLE + line)).tokens == 39024 + 16_000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "none of the server's metrics"),
        ("<html>not found</html>", "none of the server's metrics"),
        (IDLE.replace("cache_config_info", "other"), "how many tokens"),
        (IDLE.replace('"39024"', '"None"').replace('"2439"', '"None"'), "how many tokens"),
    ],
)
async def test_a_server_that_does_not_say_its_size_is_skipped(body, reason):
    with pytest.raises(Skip, match=reason):
        await pool(body)


@pytest.mark.parametrize(
    "line",
    [
        "vllm:kv_cache_usage_perc",
        "vllm:kv_cache_usage_perc{",
        "vllm:kv_cache_usage_perc NaN",
        "vllm:kv_cache_usage_perc +Inf",
        'vllm:kv_cache_usage_perc{a="' + "x" * 5000,
        "vllm:kv_cache_usage_perc one",
    ],
)
def test_a_line_that_is_no_sample_is_passed_over(line):
    assert parse(f"{line}\n# vllm:kv_cache_usage_perc 1\n", ("vllm:kv_cache_usage_perc",)) == {}


@pytest.mark.skipif(not REFERENCE.exists(), reason="the recorded answers are not here")
async def test_the_recorded_metrics_are_read():
    recorded = json.loads((REFERENCE / "captures/vllm/metrics.json").read_text(encoding="utf-8"))["response_text"]
    found = await pool(recorded, models={"data": [{"id": "m", "max_model_len": 1024}]})
    assert (found.tokens, found.usage, found.preempted_since_start) == (699_008, 0.0, 0)
