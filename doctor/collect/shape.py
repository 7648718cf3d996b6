"""A model's shape from its file or folder on disk, whatever the format."""

from pathlib import Path

import msgspec

from doctor.collect.gguf import GgufError
from doctor.collect.safetensors import read_folder
from doctor.collect.split_model import parts_of, read_model
from doctor.errors import DoctorError
from doctor.sizing.config_shape import shape_of_config
from doctor.sizing.gguf_shape import MAX_LAYERS, shape_of
from doctor.sizing.shape import Shape

NO_MODEL = {"mmproj": "a projector, the part of a model that reads images", "adapter": "an adapter (LoRA)"}


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """A model on disk."""

    path: str
    shape: Shape
    size_bytes: int
    parts: int = 1
    format: str = "gguf"


class NoModelError(DoctorError):
    """The file can be read, but it is no model that text can be generated with."""


def read_model_file(path: Path) -> ModelFile:
    """The model at a path: a GGUF file, any part of a split one, or a folder (or file of one) of safetensors.

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
    if kind in NO_MODEL:
        raise NoModelError(f"{path.name} is {NO_MODEL[kind]}, not a model")
    claimed = header.own("block_count")
    if isinstance(claimed, int) and claimed > MAX_LAYERS:
        raise NoModelError(f"{path.name} claims {claimed} layers, more than {MAX_LAYERS}")
    shape = shape_of(header)
    if not shape.layers or not shape.embedding_length:
        raise NoModelError(f"{path.name} does not say how many layers its model has")
    return ModelFile(path=str(path), shape=shape, size_bytes=header.size_bytes, parts=len(parts_of(path)))


def _from_folder(folder: Path) -> ModelFile:
    config, weights = read_folder(folder)
    shape = shape_of_config(config, weights)
    if not shape.layers or not shape.embedding_length:
        raise NoModelError(f"the configuration in {folder.name} does not say how many layers its model has")
    size = sum(weight.bytes for weight in weights)
    return ModelFile(path=str(folder), shape=shape, size_bytes=size, format="safetensors")
