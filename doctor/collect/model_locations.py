"""Where a model's file lies on this disk, from the name that its runtime uses.

Layouts: Ollama `types/model/name.go` and `manifest/paths.go` at fb30760; LM Studio's models folder; the hub cache of
huggingface_hub 0.34; llama.cpp `common/download.cpp` at 0c1e57098. Names are untrusted: no part of a path may leave its
folder.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath

MAX_MANIFEST_BYTES = 1 << 20
MAX_FILES = 5_000
# A folder or tag of a model's name; nothing that could climb out of the folder.
PIECE = re.compile(r"^(?!\.+$)[\w.@+-]{1,200}$")
DIGEST = re.compile(r"^sha256[:-][0-9a-f]{64}$")
MODEL_LAYER = "application/vnd.ollama.image.model"
PROJECTOR_LAYER = "application/vnd.ollama.image.projector"
# Where services keep them; the last three belong to installers of Linux distributions and containers.
OLLAMA_SERVICES = ("/usr/share/ollama/.ollama/models", "/var/lib/ollama/models", "/root/.ollama/models")
QUANTISATION = re.compile(r"[-._@](?:i?q\d\w*|bf16|f16|f32|mxfp4)$", re.IGNORECASE)


def locate(name: str, runtime: str, environment: Mapping[str, str], home: Path) -> Path | None:
    """The model's GGUF file or safetensors folder; None when it is not found or not certain."""
    if runtime == "ollama":
        return ollama(name, environment, home)
    if runtime == "lmstudio":
        return lm_studio(name, home)
    return from_option(name, home) or hugging_face(name, environment, home)


def ollama(name: str, environment: Mapping[str, str], home: Path, layer: str = MODEL_LAYER) -> Path | None:
    """The blob that a manifest of Ollama's store names; with `layer` the projector's instead."""
    pieces = _ollama_pieces(name)
    if not pieces:
        return None
    own = environment.get("OLLAMA_MODELS", "")
    stores = [Path(own)] if own else [home / ".ollama/models", *map(Path, OLLAMA_SERVICES)]
    for store in stores:
        digest = _digest(store.joinpath("manifests", *pieces), layer)
        blob = store / "blobs" / digest.replace(":", "-") if digest else None
        if blob and blob.is_file():
            return blob
    return None


def _ollama_pieces(name: str) -> tuple[str, ...]:
    """A name as the path of its manifest: `llama3` is registry.ollama.ai/library/llama3/latest."""
    path, _, tag = name.partition(":") if "/" not in name.rpartition(":")[2] else (name, "", "")
    pieces = path.split("/")
    if len(pieces) == 1:
        pieces = ["registry.ollama.ai", "library", *pieces]
    elif len(pieces) == 2:
        pieces = ["registry.ollama.ai", *pieces]
    pieces.append(tag or "latest")
    return tuple(pieces) if len(pieces) == 4 and all(map(PIECE.match, pieces)) else ()


def _digest(manifest: Path, layer: str) -> str:
    """The digest of a layer in a manifest, "" when there is none."""
    try:
        if not manifest.is_file() or manifest.stat().st_size > MAX_MANIFEST_BYTES:
            return ""
        found = json.loads(manifest.read_bytes())
    except (OSError, ValueError, RecursionError):
        return ""
    layers = found.get("layers") if isinstance(found, dict) else None
    for entry in layers if isinstance(layers, list) else []:
        if isinstance(entry, dict) and entry.get("mediaType") == layer:
            digest = entry.get("digest")
            return digest if isinstance(digest, str) and DIGEST.match(digest) else ""
    return ""


def lm_studio(key: str, home: Path) -> Path | None:
    """The only file of LM Studio's folder whose name is this key; None when there is none or several quantisations."""
    for folder in (home / ".lmstudio/models", home / ".cache/lm-studio/models"):
        named = [path for path in _models_below(folder) if _same(key, path, folder)]
        first = [path for path in named if "-00001-of-" in path.name] or named
        if len(first) == 1:
            return first[0]
    return None


def _models_below(folder: Path) -> Iterator[Path]:
    """GGUF files of models (not projectors) and MLX folders below publisher/repository."""
    try:
        for count, path in enumerate(sorted(folder.glob("*/*/*"))):
            if count > MAX_FILES:
                return
            if path.suffix == ".gguf" and "mmproj" not in path.name.lower():
                yield path
            elif path.name == "config.json" and any(path.parent.glob("*.safetensors")):
                yield path.parent
    except OSError:
        return


def _same(key: str, path: Path, folder: Path) -> bool:
    """Whether a key as LM Studio shows it means this file: its name, its repository, or publisher/repository."""
    wanted = _bare(key)
    parts = path.relative_to(folder).parts
    return wanted in {_bare(path.stem), _bare(parts[1]), _bare("/".join(parts[:2])), _bare("/".join(parts))}


def _bare(name: str) -> str:
    """A name without what LM Studio leaves out: format, quantisation, part number, case."""
    name = re.sub(r"-\d{5}-of-\d{5}$", "", name.lower().removesuffix(".gguf"))
    return QUANTISATION.sub("", re.sub(r"-(?:gguf|mlx)$", "", name))


def hugging_face(name: str, environment: Mapping[str, str], home: Path) -> Path | None:
    """A repository `owner/name` in the hub's cache: its only GGUF (or the one after a colon), or its folder."""
    repository, _, wanted = name.partition(":")
    pieces = repository.split("/")
    if len(pieces) != 2 or not all(map(PIECE.match, pieces)):
        return None
    hub = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE")
    base = environment.get("HF_HOME") or str(home / ".cache/huggingface")
    folder = Path(hub or f"{base}/hub") / f"models--{pieces[0]}--{pieces[1]}"
    snapshot = _snapshot(folder)
    return None if snapshot is None else _in_snapshot(snapshot, wanted)


def _snapshot(folder: Path) -> Path | None:
    """The snapshot that `main` points to, else the only one."""
    try:
        commit = (folder / "refs/main").read_text(encoding="ascii", errors="replace")[:64].strip()
        if PIECE.match(commit) and (folder / "snapshots" / commit).is_dir():
            return folder / "snapshots" / commit
    except OSError:
        pass
    found = [path for path in (folder / "snapshots").glob("*") if path.is_dir()]
    return found[0] if len(found) == 1 else None


def _in_snapshot(snapshot: Path, wanted: str) -> Path | None:
    files = [path for path in sorted(snapshot.rglob("*.gguf"))[:MAX_FILES] if "mmproj" not in path.name.lower()]
    if wanted:
        files = [path for path in files if wanted.lower() in path.name.lower()]
    first = [path for path in files if "-00001-of-" in path.name] or files
    if len(first) == 1:
        return first[0]
    return snapshot if not files and (snapshot / "config.json").is_file() else None


def from_option(value: str, folder: Path) -> Path | None:
    """The file or folder that an option such as `--model` names, relative to the server's own folder."""
    if not value or "\0" in value or len(value) > 4096:
        return None
    path = Path(value) if PurePath(value).is_absolute() else folder / value
    try:
        return path if path.is_file() or (path / "config.json").is_file() else None
    except OSError:
        return None
