"""Every architecture's buffers against those that llama.cpp itself reserved, in many settings of each."""

import statistics

import pytest

from doctor.sizing.compute import is_known
from doctor.sizing.graph.families import FAMILIES
from doctor.sizing.memory import MIB, SIGMA_COMPUTE_UNKNOWN, need
from doctor.sizing.settings import NEWER_BUILD, Settings
from tests.sizing.graph_rows import printed, reckoned, rows, settings_of
from tests.sizing.models import headers, model

KNOWN = [name for name in rows() if model(name).architecture in FAMILIES]
UNKNOWN = [name for name in rows() if name not in KNOWN]
# What a tensor's padding adds to weights is not counted; the newer build adds a few small inputs.
TOLERANCE_MIB, NEWER_SHARE = 0.01, 0.02


def compute_shares(name):
    """What was reserved over what was predicted, of each buffer."""
    for row in rows()[name]:
        found = reckoned(need(model(name), settings_of(row)))
        for part, bytes_ in printed(row).items():
            if part.startswith("compute") and bytes_:
                yield bytes_ / found[part]


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_family_is_exact(name):
    for row in rows()[name]:
        expected, found = printed(row), reckoned(need(model(name), settings_of(row)))
        for part, bytes_ in expected.items():
            if part.startswith("compute"):
                share = NEWER_SHARE if int(row["build"]) >= NEWER_BUILD else 0
                assert found[part] == pytest.approx(bytes_, rel=share, abs=0), (part, row)
            else:
                assert found[part] / MIB == pytest.approx(bytes_ / MIB, abs=TOLERANCE_MIB), (part, row)


def test_every_family_was_checked_but_one():
    checked = {model(name).architecture for name in KNOWN}
    assert set(FAMILIES) - checked == {"falcon-h1"}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_family_is_estimated_and_says_so(name):
    for row in rows()[name]:
        needed, expected = need(model(name), settings_of(row)), printed(row)
        found = reckoned(needed)
        assert needed.estimated
        for part in ("weights_device", "kv_device", "kv_host"):
            assert found[part] / MIB == pytest.approx(expected[part] / MIB, abs=TOLERANCE_MIB)


def test_the_margin_of_unknown_families_is_as_wide_as_it_must_be():
    shares = [share for name in UNKNOWN for share in compute_shares(name)]
    assert len(shares) > 100
    within = sum(abs(share - 1) <= SIGMA_COMPUTE_UNKNOWN for share in shares) / len(shares)
    assert 0.85 < within < 0.98
    assert statistics.median(shares) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("name", headers())
def test_every_model_has_a_need_on_every_backend(name):
    shape = model(name)
    for backend in ("", "cuda", "metal", "rocm", "vulkan", "cpu"):
        needed = need(shape, Settings(backend=backend, slots=2, gpu_layers=5))
        assert needed.compute.host > 0
        assert (needed.compute.device > 0) == (backend != "cpu")
        assert needed.estimated == (not is_known(shape, Settings(backend=backend, slots=2, gpu_layers=5), needed.cells))
