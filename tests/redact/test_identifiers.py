"""Names and addresses: aliased where a report is shared, consistent, and nothing of the diagnosis is touched."""
# ruff: noqa: E501

import random
import re
import string

import pytest

from doctor.errors import UsageError
from doctor.redact import Known, Level, Redactor
from doctor.redact.aliases import Aliases, keep, stable

KNOWN = Known(
    users=("ottoline", "max"),
    full_names=("Ottoline Brandt",),
    hosts=("brandt-tower",),
    homes=("/home/ottoline",),
    serials=("PF3K9Q7Z",),
)


def word(rng):
    return rng.choice(string.ascii_lowercase) + "".join(
        rng.choice(string.ascii_lowercase + string.digits) for _ in range(9)
    )


# kind -> how an identifier is made, and the lines that carry it
KINDS = {
    "lan": (lambda r: f"192.168.{r.randrange(256)}.{r.randrange(2, 255)}", ["connect to {}:8080 refused", "http://{}:11434/api/tags"]),
    "wan": (lambda r: f"{r.randrange(60, 99)}.{r.randrange(1, 255)}.{r.randrange(1, 255)}.{r.randrange(1, 255)}", ["peer {} closed", "from {}"]),
    "ipv6": (lambda r: f"2a02:8109:{r.randrange(4096, 65535):x}:{r.randrange(4096, 65535):x}::{r.randrange(1, 9)}", ["[{}]:8080", "dial {} failed"]),
    "mac": (lambda r: ":".join(f"{r.randrange(1, 255):02x}" for _ in range(6)), ["link/ether {} brd", "mac={}"]),
    "user": (word, ["/home/{}/models/a.gguf", "C:\\Users\\{}\\.ollama", "/Users/{}/.lmstudio", "user={} pid=3"]),
    "host": (word, ["http://{}.brandt.org:8080/v1", "hostname: {}", "smb://{}/models", "{}.local is down"]),
    "email": (lambda r: f"{word(r)}@{word(r)}.org", ["author <{}>", "contact {} for help"]),
    "gpu": (lambda r: "GPU-{:08x}-{:04x}-{:04x}-{:04x}-{:012x}".format(*(r.getrandbits(n) for n in (32, 16, 16, 16, 48))), ["uuid {}", "CUDA_VISIBLE_DEVICES={}"]),
    "serial": (lambda r: f"S{r.randrange(10**7, 10**8)}X", ["Serial Number: {}", "serial={}"]),
    "uuid": (lambda r: "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}".format(*(r.getrandbits(n) for n in (32, 16, 16, 16, 48))), ["system {}", "id={}"]),
}  # fmt: skip


def test_300_planted_identifiers_are_aliased():
    leaked = []
    for kind, (make, carriers) in KINDS.items():
        for number in range(30):
            rng = random.Random(f"{kind} {number}")
            value = make(rng)
            shown = Redactor().text(carriers[number % len(carriers)].format(value))
            if value.lower() in shown.lower() or (kind in ("host", "email") and value.split("@")[0] in shown):
                leaked.append((kind, value, shown))
    assert leaked == []


def test_the_same_thing_has_the_same_alias_in_every_spelling():
    redactor = Redactor(KNOWN)
    shown = redactor.text(
        "BRANDT-TOWER brandt-tower Brandt-Tower\nAA:BB:CC:DD:EE:01 aa-bb-cc-dd-ee-01\n2001:db8::1 2001:0db8:0:0::1"
    )
    for line in shown.splitlines():
        assert len(set(line.split())) == 1, line


def test_different_things_have_different_aliases_and_neighbours_share_a_network():
    shown = Redactor().text("10.1.2.3 10.1.2.4 10.9.9.9 93.184.216.34").split()
    assert shown == ["lan-1.1", "lan-1.2", "lan-2.1", "wan-1"]


def test_what_is_known_of_this_machine_goes_wherever_it_stands():
    shown = Redactor(KNOWN).text(
        "Ottoline Brandt (ottoline) on brandt-tower.fritz.box, PF3K9Q7Z, /home/ottoline/models/a.gguf"
    )
    assert re.fullmatch(r"person-1 \(user-1\) on host-1, serial-1, ~/models/a\.gguf", shown)


def test_a_user_with_an_everyday_name_goes_from_paths_and_logins_only():
    assert (
        Redactor(KNOWN).text("max tokens 5, /home/max/a, max@brandt-tower:")
        == "max tokens 5, /home/user-1/a, user-1@host-1:"
    )


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8080", "http://localhost:11434", "0.0.0.0", "[::1]:8080", "::", "fe80::1", "169.254.1.1", "172.17.0.1",
        "host.docker.internal", "http://ollama:11434", "https://huggingface.co/Qwen/Qwen3-8B", "Driver Version: 535.104.5.1",
        "version 1.2.3.4", "netmask 255.255.255.0", "NVIDIA GeForce RTX 4090", "00:00:00:00:00:00", "12:30:45", "/home/ollama/x", "/root/models",
        "sha256:8eeb52dfb3bb9aefdf9d1ef24b3bdbcfbe82238798c4b918278320b6fcef18fe", "root@localhost:~#",
    ],
)  # fmt: skip
def test_what_is_part_of_the_diagnosis_is_left_alone(text):
    assert Redactor().text(text) == text


def test_names_stay_where_only_secrets_are_taken_out():
    text = "http://brandt-tower:8080 at 10.1.2.3 for ottoline"
    assert Redactor(KNOWN, Level.SECRETS).text(text) == text


def test_a_new_report_has_new_aliases_unless_they_are_kept(tmp_path):
    path = tmp_path / "state" / "aliases.json"
    first = Redactor(aliases=stable(path))
    assert first.text("10.1.2.3 then 10.1.2.4") == "lan-1.1 then lan-1.2"
    keep(first.aliases, path)
    assert path.stat().st_mode & 0o077 == 0
    assert "10.1.2" not in path.read_text()
    assert Redactor(aliases=stable(path)).text("10.1.2.9 10.1.2.4 10.8.8.8") == "lan-1.3 lan-1.2 lan-2.1"


@pytest.mark.parametrize("content", ["", "[]", '{"key": "zz"}', '{"key": "00"}'])
def test_a_broken_table_of_aliases_is_a_sentence(tmp_path, content):
    path = tmp_path / "aliases.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="remove it"):
        stable(path)


def test_a_table_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "aliases.json"
    keep(Aliases(), path)
    path.chmod(0o644)
    with pytest.raises(UsageError, match="can be read by others"):
        stable(path)


def test_replacements_are_counted_by_kind():
    redactor = Redactor()
    redactor.text("10.1.2.3 10.1.2.3 VLLM_API_KEY=abc123def456")
    assert redactor.counts == {"credential": 1, "lan": 2}
