"""A treatment that is killed before its Nth touch of the system: `killed_child.py N PLAN`.

PLAN is JSON: the place of journals, a file to be edited, and the server's process, which is started again with other
words. A touch is any call that changes a file, a process or the order in which they reach the disk. Prints nothing; the
exit status says whether it came through (0) or was killed.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from doctor.treat import files, server
from doctor.treat.acts import Ended
from doctor.treat.carry_out import do
from doctor.treat.journal import begun
from tests.treat.conftest import restart

TOUCHES = ("open", "fsync", "replace", "unlink", "mkdir", "chmod", "chown", "kill")
count = 0


def touched(call, last):
    """The call, which kills this process instead when it is the last one."""

    def touch(*words, **options):
        global count  # noqa: PLW0603 - a count over the whole process is the point
        count += 1
        if count == last:
            os_kill(os.getpid(), signal.SIGKILL)
        return call(*words, **options)

    return touch


os_kill = os.kill


async def treat(plan):
    process = SimpleNamespace(pid=plan["pid"])
    with begun("drift-x", "Do it.", plan["url"], Path(plan["place"])) as journal:
        edit = files.planned(plan["file"], b"new\n", journal.folder, 1, "edit")
        await do(journal, 1, edit, url=plan["url"])
        await do(journal, 2, restart(process, plan["url"], "new"), url=plan["url"])
        journal.write(Ended(outcome="fixed"))


if __name__ == "__main__":
    server.GRACE_S = 0.0  # nothing keeps this server running
    last, plan = int(sys.argv[1]), json.loads(sys.argv[2])
    for name in TOUCHES:
        setattr(os, name, touched(getattr(os, name), last))
    subprocess.Popen._execute_child = touched(subprocess.Popen._execute_child, last)
    asyncio.run(treat(plan))
    sys.stderr.write(f"{count}\n")
