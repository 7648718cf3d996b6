"""The exporter against real engines and facades of trouble, and a real Prometheus whose alert fires."""
# ruff: noqa: E501, ASYNC220, ASYNC221

import asyncio
import contextlib
import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from doctor.cli.examples import FOLDER
from doctor.context import Target
from doctor.exporter import Exporter, serve
from doctor.health import look
from doctor.ward.patients import patient
from doctor.ward.run_ward import admitted


def fetched(url, headers=None):
    request = urllib.request.Request(url, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@contextlib.asynccontextmanager
async def running(*urls, interval_s=0.5, deadline_s=0.4):
    exporter = Exporter([Target(url=url) for url in urls], interval_s, deadline_s)
    server = await serve(exporter, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def get(path, headers=None):
        return await asyncio.to_thread(fetched, base + path, headers)

    async with server, exporter.looking():
        yield exporter, base, get


async def until(condition, seconds=20.0):
    """Wait for a condition, looking often; the test's own deadline ends it."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come to pass in time"
        await asyncio.sleep(0.02)


async def test_a_healthy_engine_is_up_and_ready_and_a_dead_address_is_not(engine):
    dead = "http://127.0.0.1:9"
    async with running(engine, dead, interval_s=5, deadline_s=5) as (exporter, _, get):
        await until(lambda: len(exporter.health) == 2)
        text = (await get("/metrics"))[1]
    assert f'llm_doctor_up{{target="{engine}"}} 1' in text
    assert f'llm_doctor_ready{{target="{engine}"}} 1' in text
    assert f'llm_doctor_up{{target="{dead}"}} 0' in text
    assert f'llm_doctor_slots{{target="{engine}"}} 1' in text
    if shutil.which("promtool"):
        ended = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=20, check=False
        )
        assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


async def test_targets_that_hang_delay_no_other(engine):
    """Forty servers accept and never answer; the engine is still looked at each interval."""
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(12)]
        urls = [f"http://127.0.0.1:{each.getsockname()[1]}" for each in silent]
        async with running(*urls, engine, interval_s=3.0, deadline_s=2.0) as (exporter, _, _get):
            await until(lambda: engine in exporter.looked_at, 15)
            first = exporter.looked_at[engine]
            await until(lambda: exporter.looked_at[engine] > first, 15)
            assert exporter.health[engine].live
            await until(lambda: len(exporter.health) == 13, 15)
            assert not any(exporter.health[url].live for url in urls)


async def test_only_what_is_on_the_list_is_probed(engine):
    async with running(engine, interval_s=60) as (_, base, get):
        assert (await get(f"/probe?target={engine}"))[0] == 200
        for wanted in ("http://169.254.169.254", "http://user:pass@127.0.0.1", base, "", "file:///etc/passwd"):
            status, text = await get(f"/probe?target={wanted}")
            assert status == 403
            assert "is not on the list" in text
        assert (await get(f"/probe?target={engine}&module=deep"))[0] == 400
        assert (await get("/other"))[0] == 404
        assert await get("/healthz") == (200, "ok\n")


async def test_a_probe_ends_before_prometheus_gives_up():
    """Half a second before the time that the header gives; without it the probe would take nine and a half."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with running(url, interval_s=60) as (_, _base, get):
            status, text = await get(f"/probe?target={url}", {"X-Prometheus-Scrape-Timeout-Seconds": "1.5"})
    assert status == 200
    assert "probe_success 0" in text
    assert 0.9 < float(re.search(r"^probe_duration_seconds (\S+)", text, re.MULTILINE)[1]) < 6


@pytest.mark.parametrize(
    "head",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5000,
        b"POST /metrics HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_request_harms_nobody(head):
    async with running(interval_s=60) as (_, base, get):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(base.rpartition(":")[2]))
        with contextlib.suppress(ConnectionError):
            writer.write(head)
            await writer.drain()
            writer.write_eof()
            await asyncio.wait_for(reader.read(), 10)
        writer.close()
        assert await get("/healthz") == (200, "ok\n")


async def test_a_known_server_is_followed_by_its_pulse_and_looked_at_anew_when_it_is_gone(engine):
    from doctor.health import Watched

    watched = Watched(Target(url=engine))
    first = await watched.again(10)
    pulse = await watched.again(10)
    assert (pulse.ready, pulse.version, pulse.slots_busy) == (True, first.version, 0)
    watched.target = Target(url="http://127.0.0.1:9")
    await watched.close()
    watched._client = None
    gone = await watched.again(10)
    assert (gone.live, gone.state) == (False, "down")


async def test_health_tells_down_from_loading(engine):
    assert (await look(Target(url=engine), 5)).ready
    down = await look(Target(url="http://127.0.0.1:9"), 5)
    assert (down.live, down.ready, down.state) == (False, False, "down")
    async with admitted(patient("still-loading")) as url:
        loading = await look(Target(url=url), 5)
        assert (loading.live, loading.ready, loading.state) == (True, False, "loading")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian package prometheus)")
def test_the_shipped_alert_rules_are_right():
    """promtool reads the rules and runs their own tests."""
    for words in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]):
        ended = subprocess.run(
            ["promtool", *words], cwd=FOLDER, capture_output=True, text=True, timeout=50, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.ward
@pytest.mark.timeout(170)
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs prometheus (Debian package prometheus)")
async def test_a_real_prometheus_scrapes_a_sick_engine_and_its_alert_fires(tmp_path):
    """End to end: a real engine with a broken template, the exporter, Prometheus, the shipped rules without their waits."""
    rules = re.sub(r"for: \w+", "for: 0s", (FOLDER / "alerts.yml").read_text())
    (tmp_path / "alerts.yml").write_text(rules)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with admitted(patient("broken-template")) as url, running(url, interval_s=2, deadline_s=2) as (_, base, _get):
        (tmp_path / "prometheus.yml").write_text(
            json.dumps(
                {
                    "global": {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "1s"},
                    "rule_files": ["alerts.yml"],
                    "scrape_configs": [
                        {
                            "job_name": "sick",
                            "metrics_path": "/probe",
                            "params": {"target": [url], "module": ["passive"]},
                            "static_configs": [{"targets": [base.removeprefix("http://")]}],
                        }
                    ],
                }
            )
        )
        command = [
            "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
        ]  # fmt: skip
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            fired = await _alerts(f"http://127.0.0.1:{port}", 140)
        finally:
            process.terminate()
            process.wait(20)
    (alert,) = [alert for alert in fired if alert["labels"]["alertname"] == "LlmCauseConfirmed"]
    assert alert["state"] == "firing"
    assert alert["labels"]["cause"] == "garbage-template-wrong"
    assert alert["labels"]["severity"] == "critical"
    assert "llm-doctor explain garbage-template-wrong" in alert["annotations"]["summary"]


async def _alerts(base, seconds):
    """What fires, asked for until a cause does."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with contextlib.suppress(OSError, ValueError):  # not up yet, or not ready
            _, text = await asyncio.to_thread(fetched, f"{base}/api/v1/alerts")
            alerts = json.loads(text)["data"]["alerts"]
            if any(
                alert["labels"]["alertname"] == "LlmCauseConfirmed" and alert["state"] == "firing" for alert in alerts
            ):
                return alerts
        await asyncio.sleep(0.5)
    pytest.fail("no alert fired")
