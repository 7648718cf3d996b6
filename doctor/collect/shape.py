"""A model's shape from its file or folder on disk, whatever the format."""

from pathlib import Path

import msgspec

from doctor.collect.gguf import GgufError
from doctor.collect.safetensors import read_folder
from doctor.collect.split_model import parts_of, read_model
from doctor.errors import DoctorError
from doctor.sizing.config_shape import shape_of_config
from doctor.sizing.gguf_shape import MAX_LAYERS, shape_of
from doctor.sizing.header import Header
from doctor.sizing.shape import Shape

NO_MODEL = {"mmproj": "a projector, the part of a model that reads images", "adapter": "an adapter (LoRA)"}
PROJECTOR_ARCHITECTURE = "clip"  # of projectors from before files said their type
MAX_LISTED = 5


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """A model on disk."""

    path: str
    shape: Shape
    size_bytes: int
    parts: int = 1
    format: str = "gguf"
    header: Header | None = None  # of a GGUF file


class NoModelError(DoctorError):
    """The file can be read, but it is no model that text can be generated with."""


def read_model_file(path: Path) -> ModelFile:
    """The model at a path: a GGUF file, any part of a split one, or a folder (or file of one) of safetensors.

    A folder with the GGUF file of one model, and nothing else that is one, is that model.

    Raises GgufError, SafetensorsError or NoModelError with the reason in one sentence.
    """
    if path.is_dir():
        return _from_folder(path)
    if path.suffix == ".safetensors" or path.name == "config.json" or path.name.endswith(".safetensors.index.json"):
        return _from_folder(path.parent)
    header = read_model(path)
    if header.truncated:
        lacking = header.end - header.size_bytes
        if len(parts_of(path)) == 1:
            words = f"{path.name} is cut off: {lacking} bytes of its tensors are missing at the end"
            raise GgufError(words, "truncated")
    kind = header.metadata.get("general.type")
    if header.architecture == PROJECTOR_ARCHITECTURE:
        kind = "mmproj"
    if kind in NO_MODEL:
        raise NoModelError(f"{path.name} is {NO_MODEL[kind]}, not a model")
    claimed = header.own("block_count")
    if isinstance(claimed, int) and claimed > MAX_LAYERS:
        raise NoModelError(f"{path.name} claims {claimed} layers, more than {MAX_LAYERS}")
    shape = shape_of(header)
    if not shape.layers or not shape.embedding_length:
        raise NoModelError(f"{path.name} does not say how many layers its model has")
    return ModelFile(
        path=str(path), shape=shape, size_bytes=header.size_bytes, parts=len(parts_of(path)), header=header
    )


def _from_folder(folder: Path) -> ModelFile:
    if not (folder / "config.json").exists():
        return read_model_file(_only_gguf(folder))
    config, weights = read_folder(folder)
    shape = shape_of_config(config, weights)
    if not shape.layers or not shape.embedding_length:
        raise NoModelError(f"the configuration in {folder.name} does not say how many layers its model has")
    size = sum(weight.bytes for weight in weights)
    return ModelFile(path=str(folder), shape=shape, size_bytes=size, format="safetensors")


def _only_gguf(folder: Path) -> Path:
    """The first file of the only model in a folder. Raises NoModelError where there is none or several."""
    try:
        files = sorted(
            path for path in folder.iterdir() if path.suffix == ".gguf" and "mmproj" not in path.name.lower()
        )
    except OSError as error:
        msg = f"the folder {folder.name} cannot be read: {error.strerror}"
        raise NoModelError(msg) from error
    models = sorted({parts_of(path)[0] for path in files})
    name = folder.resolve().name or str(folder)
    if len(models) == 1:
        return files[0]
    if not models:
        raise NoModelError(f"{name} is a folder without a model: no GGUF file and no config.json with safetensors")
    names = ", ".join(path.name for path in models[:MAX_LISTED]) + (" and others" if len(models) > MAX_LISTED else "")
    raise NoModelError(f"{name} is a folder with {len(models)} models; name one of them: {names}")
