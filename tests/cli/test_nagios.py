"""A real Nagios runs the plug-in against a real sick engine and reads state, text and performance data."""

import contextlib
import getpass
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from doctor.ward.engine import Settings, serving

NAGIOS = shutil.which("nagios4") or shutil.which("nagios") or ""
PATIENCE_S = 60.0
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OBJECTS = """
define command {{
  command_name    ours
  command_line    {plugin} -H {url}
}}
define command {{
  command_name    nobody
  command_line    /bin/true
}}
define timeperiod {{
  timeperiod_name always
  alias           always
}}
define contact {{
  contact_name                   me
  host_notification_period       always
  service_notification_period    always
  host_notification_commands     nobody
  service_notification_commands  nobody
}}
define host {{
  host_name           gpu1
  address             127.0.0.1
  max_check_attempts  1
  contacts            me
  notification_period always
}}
define service {{
  host_name           gpu1
  service_description model server
  check_command       ours
  check_interval      1
  retry_interval      1
  max_check_attempts  1
  contacts            me
  notification_period always
  check_period        always
}}
"""
MAIN = """
log_file={place}/nagios.log
cfg_file={place}/objects.cfg
object_cache_file={place}/objects.cache
status_file={place}/status.dat
status_update_interval=1
temp_file={place}/temp
temp_path={place}
command_file={place}/command
query_socket={place}/query
lock_file={place}/lock
check_result_path={place}/results
state_retention_file={place}/retention
interval_length=5
nagios_user={user}
nagios_group={user}
service_inter_check_delay_method=n
check_for_updates=0
"""


@contextlib.contextmanager
def monitored(url: str, place: Path):
    """Nagios with one service, in a folder of its own."""
    (place / "results").mkdir()
    days = "\n".join(f"  {day}  00:00-24:00" for day in DAYS)
    objects = OBJECTS.format(plugin=Path(sys.executable).with_name("check_llm_doctor"), url=url).replace(
        "  alias           always", f"  alias           always\n{days}"
    )
    (place / "objects.cfg").write_text(objects)
    (place / "nagios.cfg").write_text(MAIN.format(place=place, user=getpass.getuser()))
    with (place / "out.log").open("wb") as out:
        process = subprocess.Popen([NAGIOS, place / "nagios.cfg"], stdout=out, stderr=out)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def service(place: Path) -> dict[str, str]:
    """What Nagios keeps of the service once it has checked it."""
    ends_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_s:
        status = (place / "status.dat").read_text() if (place / "status.dat").exists() else ""
        for block in re.findall(r"servicestatus \{(.*?)\n\s*\}", status, re.DOTALL):
            fields = dict(line.strip().split("=", 1) for line in block.splitlines() if "=" in line)
            if fields["has_been_checked"] == "1":
                return fields
        threading.Event().wait(0.2)
    raise AssertionError((place / "nagios.log").read_text() + (place / "out.log").read_text())


@pytest.mark.ward
@pytest.mark.timeout(120)
@pytest.mark.skipif(not NAGIOS, reason="Nagios is not installed")
@pytest.mark.parametrize(("slots", "state", "word"), [(4, "1", "WARNING"), (1, "0", "OK")])
def test_a_real_nagios_reads_what_the_plug_in_says(tmp_path, slots, state, word):
    with serving(settings=Settings(slots=slots)) as engine, monitored(engine.url, tmp_path):
        found = service(tmp_path)
    assert found["current_state"] == state
    assert found["plugin_output"].startswith(f"{word} - ")
    assert re.search(r"checks_failed=\d+;", found["performance_data"])
    assert re.search(r"time=[\d.]+s", found["performance_data"])
