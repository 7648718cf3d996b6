"""What changed between two reports, and what explains it."""

import msgspec

from doctor.compare import compare
from doctor.model import State
from tests.report.sample import CONFIRMED, REPORT, TARGET


def facts(rate=41.0, version="0.32.14", flash="on", context=8192):
    return {
        "DecodeSpeed": {"tok_s": rate},
        "Window": {"per_request": context},
        "ServerProcess": {
            "command": ["ollama", "serve"],
            "environment": {"OLLAMA_FLASH_ATTENTION": "1"},
            "children": [["llama-server", "--flash-attn", flash, "--port", "4000", "--no-mmap"]],
        },
    }


def report(state=State.OK, causes=(), url=TARGET.url, version="0.32.14", **more):
    target = msgspec.structs.replace(
        TARGET, url=url, version=version, state=state, causes=causes, findings=(), facts=facts(**more)
    )
    return msgspec.structs.replace(REPORT, state=state, targets=(target,))


def test_an_update_that_switched_flash_attention_off_is_told_with_its_price():
    (found,) = compare(report(), report(State.WARNING, (CONFIRMED,), version="0.32.15", rate=23.0, flash="off"))
    changes = {change.what: (change.before, change.after) for change in found.changes}
    assert changes == {"ollama version": ("0.32.14", "0.32.15"), "--flash-attn": ("on", "off")}
    assert found.figures == (("decode rate", "41 tok/s", "23 tok/s", True),)
    assert found.worse
    assert found.explains.startswith("Part of the model runs on the CPU")
    assert "does-not-fit" in found.came[0]


def test_without_a_proven_cause_the_change_is_named():
    (found,) = compare(report(), report(version="0.32.15", rate=23.0))
    assert found.explains == "no cause is proven; what changed is ollama version (0.32.14 -> 0.32.15)"


def test_a_loss_that_nothing_explains_is_said_to_be_one():
    (found,) = compare(report(), report(rate=20.0))
    assert found.explains.startswith("nothing that was read changed")


def test_what_moves_from_run_to_run_is_no_change():
    (found,) = compare(report(rate=41.0), report(rate=38.0))
    assert not found.worse
    assert found.figures == ()


def test_faster_is_better_and_a_larger_window_too():
    (found,) = compare(report(rate=20.0, context=4096), report(rate=40.0, context=16384))
    assert [figure.worse for figure in found.figures] == [False, False]
    assert not found.worse


def test_a_cause_that_went_is_told():
    (found,) = compare(report(State.WARNING, (CONFIRMED,)), report())
    assert found.went
    assert not found.worse


def test_servers_are_matched_by_address_and_a_single_one_by_itself():
    assert len(compare(report(url="http://a:1"), report(url="http://b:1"))) == 1
    two = msgspec.structs.replace(REPORT, targets=(TARGET, msgspec.structs.replace(TARGET, url="http://x:1")))
    assert [one.url for one in compare(report(), two)] == [TARGET.url]
