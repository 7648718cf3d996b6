"""The Ansible tasks among the examples, run by a real Ansible on this machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.cli.examples import FOLDER
from tests.cli.conftest import ROOT

PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars: {{ llm_target: "{target}", ansible_python_interpreter: "{python}" }}
  tasks:
    - ansible.builtin.import_tasks: ansible-tasks.yml
"""


@pytest.mark.timeout(170)
@pytest.mark.skipif(shutil.which("ansible-playbook") is None, reason="needs ansible-core (pip install ansible-core)")
@pytest.mark.parametrize("sick", [False, True])
def test_the_play_passes_for_a_healthy_server_and_fails_for_one_that_is_down(engine, tmp_path, sick):
    shutil.copy(FOLDER / "ansible-tasks.yml", tmp_path)
    (tmp_path / "play.yml").write_text(
        PLAYBOOK.format(target="http://127.0.0.1:9" if sick else engine, python=sys.executable)
    )
    program = tmp_path / "bin"
    program.mkdir()
    (program / "llm-doctor").write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m doctor "$@"\n')
    (program / "llm-doctor").chmod(0o755)
    env = {
        **os.environ,
        "PATH": f"{program}:{os.environ['PATH']}",
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "LC_ALL": "C.UTF-8",
    }
    command = [str(shutil.which("ansible-playbook")), "-i", "localhost,", "play.yml"]
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=160, check=False)
    assert (ended.returncode == 0) is not sick, ended.stdout
    if not sick:
        assert "changed=0" in ended.stdout
        assert "ok=2" in ended.stdout
    assert Path(tmp_path / "play.yml").exists()
