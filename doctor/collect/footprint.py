"""What the served model takes in memory, and how long a context the free memory allows."""

import os
import re
from pathlib import Path

import msgspec

from doctor.collect.deadline import in_thread
from doctor.collect.fit_params import arguments_of, ask, executables_of, locate
from doctor.collect.room import free_where_it_is, maps_its_file
from doctor.collect.running_model import file_of
from doctor.collect.shape import ModelFile, read_model_file
from doctor.context import Context
from doctor.errors import Skip, Trouble
from doctor.facts import Identity, LoadedModels, ModelCard, Reach, ServerProcess, Slots, Window
from doctor.facts.sizing import Footprint
from doctor.sizing.memory import MIB, Need, need
from doctor.sizing.settings import KV_TYPES, PAD, Settings, pad
from doctor.sizing.speed import active

DEADLINE_S = 5.0
BUILD = re.compile(r"b(\d+)")  # the beginning of llama-server's version: b11549-1a2b3c4
UBATCH = 512  # llama-server's default (common/common.h at b11549)
GROWING_RUNTIMES = frozenset({"mlx-lm"})  # `mlx_lm/models/cache.py`: steps of 256 tokens, nothing reserved
# Ollama works on one request at a time with these, whatever OLLAMA_NUM_PARALLEL says (server/sched.go at fb30760).
ONE_SLOT = ("mllama", "qwen3vl", "qwen35", "qwen3next", "lfm2", "nemotron_h")
CHAT_TOKENS = 8192  # stands for the window of a server that has none
# Room that is left free for drivers and other programs: llama.cpp aims at 1 GiB on each GPU.
KEPT_FREE_BYTES = 1 << 30
# The program cuts three numbers for each device to whole MiB.
ROUNDING_BYTES = 2 * MIB
# The slope is taken between the context now and this many tokens more, beyond any sliding window.
STEP_TOKENS = 32_768


async def collect_footprint(context: Context) -> Footprint:
    """The footprint of the examined model. Raises Skip when its file, its window or its settings are not known."""
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine")
    grows = await _grows(context)
    window = await _window(context) if grows else await context.fact(Window)
    if not window.per_request:
        raise Skip("the server does not say how large its window is")
    path = await file_of(context)
    model = await in_thread(lambda: read_model_file(path), DEADLINE_S, "reading the model's header")
    settings, assumed = await _settings(context, window, model.shape.architecture)
    free, where, why = await free_where_it_is(context)
    if free is not None and where == "RAM" and await maps_its_file(context):
        free -= model.size_bytes
    computed = footprint(model, settings, free, where, grows, assumed)
    found = await _probed(context, path, settings, computed)
    return msgspec.structs.replace(found, reported_bytes=await _reported(context, model), why_spread=why)


def footprint(
    model: ModelFile, settings: Settings, free: int | None, where: str, grows: bool, assumed: tuple[str, ...] = ()
) -> Footprint:
    """The footprint from known numbers; with a cache that grows, nothing of it is taken yet."""
    if where == "RAM":
        settings = msgspec.structs.replace(settings, backend="cpu")
    now = need(model.shape, settings)
    more = msgspec.structs.replace(settings, context=settings.context + STEP_TOKENS * settings.slots)
    per_token = (_there(need(model.shape, more), where) - _there(now, where)) / (STEP_TOKENS * settings.slots)
    fits = None
    if free is not None:
        room = max(0.0, free - KEPT_FREE_BYTES - now.margin_bytes)
        fits = (0 if grows else settings.context) + int(room / per_token) if per_token >= 1 else 0
    read = active(model.shape, settings)
    return Footprint(
        path=model.path,
        weights_bytes=int(now.weights.device + now.weights.host),
        kv_bytes=int(now.kv.device + now.kv.host + now.state.device + now.state.host),
        compute_bytes=int(now.compute.device + now.compute.host),
        margin_bytes=int(now.margin_bytes),
        bytes_per_token=int(per_token),
        context=settings.context,
        slots=settings.slots,
        free_bytes=free,
        tokens_that_fit=None if fits is None else fits // PAD * PAD,
        where=where,
        trained_context=model.shape.trained_context,
        active_bytes=int(read.device_bytes + read.host_bytes),
        grows=grows,
        assumed=assumed,
    )


async def _probed(context: Context, path: Path, settings: Settings, computed: Footprint) -> Footprint:
    """The same with llama.cpp's own numbers for the server's options, where its program is here and answers."""
    process = await _process(context)
    if process is None or process.tunnel or (await context.fact(Identity)).runtime != "llama.cpp":
        return computed
    program = locate(executables_of((process.pid, *process.child_pids)))
    if program is None:
        return computed
    arguments = arguments_of(process, path, settings.context, settings.slots)
    try:
        said = await ask(program, arguments, {**os.environ, **process.environment})
    except Trouble:
        return computed
    lines = (*said.devices, said.host)
    return msgspec.structs.replace(
        computed,
        weights_bytes=sum(line.model_mib for line in lines) * MIB,
        kv_bytes=sum(line.context_mib for line in lines) * MIB,
        compute_bytes=sum(line.compute_mib for line in lines) * MIB,
        margin_bytes=ROUNDING_BYTES,
        origin="probed",
    )


async def _reported(context: Context, model: ModelFile) -> int | None:
    """What the runtime says that the loaded model takes; None where it says nothing or only the file's size."""
    try:
        card, loaded = await context.fact(ModelCard), (await context.fact(LoadedModels)).models
    except Skip:
        return None
    size = next((entry.size_bytes for entry in loaded if entry.name == card.name), None)
    return size if size and size > model.size_bytes else None


def _there(needed: Need, where: str) -> float:
    if not where:
        return needed.host + needed.device
    return needed.host if where == "RAM" else needed.device


async def _settings(context: Context, window: Window, architecture: str) -> tuple[Settings, tuple[str, ...]]:
    """How the server was started, and what had to be assumed."""
    assumed: list[str] = []
    process = await _process(context)
    slots = window.slots or await _slots(context) or _ollama_slots(process, architecture)
    if not slots:
        slots, assumed = 1, ["1 slot"]
    kind_k = kind_v = "f16"
    flash = True
    if process is None:
        assumed.append("an f16 cache")
    else:
        everywhere = process.environment.get("OLLAMA_KV_CACHE_TYPE") or "f16"
        kind_k = process.option_anywhere("-ctk", "--cache-type-k") or everywhere
        kind_v = process.option_anywhere("-ctv", "--cache-type-v") or everywhere
        flash = process.option_anywhere("-fa", "--flash-attn") not in ("off", "0", "false")
    if kind_k not in KV_TYPES or kind_v not in KV_TYPES:
        raise Skip("the type of the server's KV cache is not known")
    whole = window.total or (window.per_request or 0) * slots
    unified = bool(window.total and slots > 1 and window.per_request and window.total < window.per_request * slots)
    settings = Settings(
        context=pad(whole), slots=slots, kv_unified=unified, kv_type_k=kind_k, kv_type_v=kind_v, flash_attention=flash
    )
    identity = await context.fact(Identity)
    return msgspec.structs.replace(settings, outputs=slots, **_of_llama_cpp(identity, process)), tuple(assumed)


def _of_llama_cpp(identity: Identity, process: ServerProcess | None) -> dict[str, int | bool]:
    """What only llama-server is told or tells: the rows computed at once, whole sliding windows, the build."""
    if identity.runtime != "llama.cpp":
        return {}
    known: dict[str, int | bool] = {}
    build = BUILD.match(identity.version)
    if build and int(build[1]):
        known["build"] = int(build[1])
    if process is not None:
        rows = process.setting("LLAMA_ARG_UBATCH", "-ub", "--ubatch-size") or ""
        batch = process.setting("LLAMA_ARG_BATCH", "-b", "--batch-size") or ""
        known["ubatch"] = int(rows) if rows.isdigit() and int(rows) else UBATCH
        if batch.isdigit() and int(batch):  # never more rows than a batch has
            known["ubatch"] = min(int(known["ubatch"]), int(batch))
        known["swa_full"] = process.has("--swa-full")
    return known


def _ollama_slots(process: ServerProcess | None, architecture: str) -> int:
    """How many requests Ollama works on at a time, where the variable for it is set."""
    said = process.environment.get("OLLAMA_NUM_PARALLEL", "") if process is not None else ""
    if not said.isdigit():
        return 0
    return 1 if architecture.startswith(ONE_SLOT) else int(said)


async def _slots(context: Context) -> int:
    try:
        return (await context.fact(Slots)).total
    except Skip:
        return 0


async def _process(context: Context) -> ServerProcess | None:
    """The server's process, None where it cannot be looked at."""
    try:
        return await context.fact(ServerProcess)
    except Skip:
        return None


async def _window(context: Context) -> Window:
    """The window of a runtime that may set no limit at all: then what a chat needs counts."""
    try:
        return await context.fact(Window)
    except Skip:
        return Window(per_request=CHAT_TOKENS, slots=1, source="no limit")


async def _grows(context: Context) -> bool:
    return (await context.fact(Identity)).runtime in GROWING_RUNTIMES
