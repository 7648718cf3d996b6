"""Stores of models laid out in a temporary home, as the runtimes lay them out."""

import json

import pytest

from doctor.collect.model_locations import PROJECTOR_LAYER, from_option, hugging_face, lm_studio, locate, ollama

DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32


def manifest(store, *pieces, digest=DIGEST):
    path = store.joinpath("manifests", *pieces)
    path.parent.mkdir(parents=True, exist_ok=True)
    layers = [
        {"mediaType": "application/vnd.ollama.image.template", "digest": OTHER},
        {"mediaType": "application/vnd.ollama.image.model", "digest": digest},
        {"mediaType": PROJECTOR_LAYER, "digest": OTHER},
    ]
    path.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    (store / "blobs").mkdir(exist_ok=True)
    for one in (DIGEST, OTHER):
        (store / "blobs" / one.replace(":", "-")).write_bytes(b"GGUF")
    return store / "blobs" / digest.replace(":", "-")


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("llama3", ("registry.ollama.ai", "library", "llama3", "latest")),
        ("llama3.1:8b-instruct-q4_K_M", ("registry.ollama.ai", "library", "llama3.1", "8b-instruct-q4_K_M")),
        ("someone/model:v2", ("registry.ollama.ai", "someone", "model", "v2")),
        ("hf.co/bartowski/Llama-GGUF:Q4_K_M", ("hf.co", "bartowski", "Llama-GGUF", "Q4_K_M")),
    ],
)
def test_an_ollama_name_leads_to_its_blob(tmp_path, name, pieces):
    blob = manifest(tmp_path / ".ollama/models", *pieces)
    assert locate(name, "ollama", {}, tmp_path) == blob


def test_the_store_may_be_elsewhere(tmp_path):
    blob = manifest(tmp_path / "big", "registry.ollama.ai", "library", "m", "latest")
    assert ollama("m", {"OLLAMA_MODELS": str(tmp_path / "big")}, tmp_path / "nobody") == blob


def test_the_projector_is_another_layer(tmp_path):
    manifest(tmp_path / ".ollama/models", "registry.ollama.ai", "library", "m", "latest")
    assert ollama("m", {}, tmp_path, PROJECTOR_LAYER).name == OTHER.replace(":", "-")


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "a/../b/c", "m:../x", "", "/etc/passwd", "a" * 999, "m:\0"])
def test_a_name_cannot_leave_the_store(tmp_path, name):
    (tmp_path / ".ollama/models/manifests").mkdir(parents=True)
    assert ollama(name, {}, tmp_path) is None
    assert hugging_face(name, {}, tmp_path) is None


@pytest.mark.parametrize("digest", ["../../../etc/passwd", "sha256:zz", "", 5])
def test_a_digest_must_be_one(tmp_path, digest):
    manifest(tmp_path / ".ollama/models", "registry.ollama.ai", "library", "m", "latest", digest=DIGEST)
    path = tmp_path / ".ollama/models/manifests/registry.ollama.ai/library/m/latest"
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": digest}
    path.write_text(json.dumps({"layers": [layer]}))
    assert ollama("m", {}, tmp_path) is None


@pytest.mark.parametrize(
    "content",
    ["[]", "{", '{"layers": 3}', "[" * 100_000, '{"layers": [null]}'],
    ids=["list", "cut", "3", "deep", "null"],
)
def test_a_broken_manifest_is_no_model(tmp_path, content):
    path = tmp_path / ".ollama/models/manifests/registry.ollama.ai/library/m/latest"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert ollama("m", {}, tmp_path) is None


def file(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"GGUF")
    return path


def test_lm_studio_keys_are_matched_without_the_quantisation(tmp_path):
    folder = tmp_path / ".lmstudio/models"
    wanted = file(folder / "bartowski/Qwen2.5-7B-Instruct-GGUF/Qwen2.5-7B-Instruct-Q4_K_M.gguf")
    file(folder / "bartowski/Qwen2.5-7B-Instruct-GGUF/mmproj-Q8_0.gguf")
    file(folder / "other/Model-GGUF/Model-Q8_0.gguf")
    assert locate("qwen2.5-7b-instruct", "lmstudio", {}, tmp_path) == wanted
    assert lm_studio("bartowski/qwen2.5-7b-instruct", tmp_path) == wanted


def test_two_quantisations_under_one_key_are_not_guessed(tmp_path):
    folder = tmp_path / ".lmstudio/models/p/Model-GGUF"
    file(folder / "Model-Q4_K_M.gguf")
    file(folder / "Model-Q8_0.gguf")
    assert lm_studio("model", tmp_path) is None


def test_a_split_model_is_its_first_part(tmp_path):
    folder = tmp_path / ".lmstudio/models/p/Model-GGUF"
    first = file(folder / "Model-Q4_K_M-00001-of-00002.gguf")
    file(folder / "Model-Q4_K_M-00002-of-00002.gguf")
    assert lm_studio("model", tmp_path) == first


def test_the_hub_cache_follows_its_main_reference(tmp_path):
    hub = tmp_path / ".cache/huggingface/hub/models--owner--name"
    wanted = file(hub / "snapshots/abc123/model-Q4_K_M.gguf")
    file(hub / "snapshots/old/model-Q4_K_M.gguf")
    (hub / "refs").mkdir()
    (hub / "refs/main").write_text("abc123")
    assert locate("owner/name", "llama.cpp", {}, tmp_path) == wanted
    assert hugging_face("owner/name:q4_k_m", {}, tmp_path) == wanted
    assert hugging_face("owner/name:q8_0", {}, tmp_path) is None


def test_a_safetensors_snapshot_is_a_folder(tmp_path):
    snapshot = file(tmp_path / "hub/models--o--n/snapshots/s/model.safetensors").parent
    (snapshot / "config.json").write_text("{}")
    assert hugging_face("o/n", {"HF_HOME": str(tmp_path)}, tmp_path) == snapshot
    assert hugging_face("o/n", {"HF_HUB_CACHE": str(tmp_path / "hub")}, tmp_path) == snapshot


def test_an_option_is_relative_to_the_servers_folder(tmp_path):
    wanted = file(tmp_path / "models/m.gguf")
    assert from_option("models/m.gguf", tmp_path) == wanted
    assert from_option(str(wanted), tmp_path / "elsewhere") == wanted
    assert from_option("none.gguf", tmp_path) is None
    assert from_option("", tmp_path) is None
    assert from_option("a\0b", tmp_path) is None
