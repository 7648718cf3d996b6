"""`llm-doctor fit`: what a model needs, whether it fits, how fast it should be."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, OneOf, printing
from doctor.cli.output import Delivery, deliver_text
from doctor.errors import UsageError
from doctor.nearest import nearest
from doctor.report import Look
from doctor.text import one_line

if TYPE_CHECKING:
    from doctor.collect.shape import ModelFile
    from doctor.sizing.answer import Answer

BACKENDS = ["cuda", "metal", "rocm", "vulkan", "cpu"]  # as in doctor.sizing.settings, which --help need not load
DEFAULT_CONTEXT = 8192  # tokens; a smaller trained context is used where the file names one
MAX_TOKENS = 1 << 26
MAX_SLOTS = 1 << 10
MAX_LAYERS = 1 << 12
KV_TYPES = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl")


@click.command("fit", context_settings=CONTEXT)
@click.argument("file")
@click.option(
    "--ctx",
    type=click.IntRange(0, MAX_TOKENS),
    metavar="N",
    help="Context in tokens, of all slots. Default: 8192; 0: as trained.",
)
@click.option("--parallel", type=click.IntRange(1, MAX_SLOTS), metavar="N", default=1, help="Slots. Default: 1.")
@click.option("--kv-type", default="f16", metavar="K[,V]", help="Type of the KV cache. Default: f16.")
@click.option("--flash-attn", type=OneOf(["on", "off", "auto"]), default="auto", help="Default: auto, which is on.")
@click.option(
    "--ubatch",
    type=click.IntRange(1, MAX_TOKENS),
    metavar="N",
    default=512,
    help="Tokens worked on at once. Default: 512.",
)
@click.option(
    "--ngl",
    type=click.IntRange(-1, MAX_LAYERS),
    metavar="N",
    help="Layers on the GPU, the output head counted as one. Default: all.",
)
@click.option("--kv-unified", is_flag=True, help="All slots share one cache.")
@click.option("--swa-full", is_flag=True, help="Sliding-window layers keep the whole context.")
@click.option(
    "--outputs",
    type=click.IntRange(0, MAX_TOKENS),
    metavar="N",
    help="Rows of logits reserved. Default: one for each token of the batch.",
)
@click.option("--mmproj", metavar="FILE", help="The part that reads images; its weights are counted, not its buffers.")
@click.option("--cpu-moe", is_flag=True, help="The experts of a mixture stay on the CPU.")
@click.option(
    "--device",
    default="",
    metavar="NAME",
    help='A GPU, a memory, or both: "RTX 3090 + DDR5-6000 x2". Default: this machine.',
)
@click.option("--backend", type=OneOf(BACKENDS), help="Default: what fits the device.")
@click.option(
    "--filled",
    type=click.IntRange(0, MAX_TOKENS),
    metavar="N",
    default=0,
    help="Tokens already in the cache when decoding. Default: 0.",
)
@click.option(
    "--probe/--no-probe",
    default=True,
    help="Ask the llama-fit-params of this machine as well, where there is one. Default: yes.",
)
@printing
def fit(  # noqa: PLR0913 - click hands over one parameter an option
    *,
    file: str,
    ctx: int | None,
    parallel: int,
    kv_type: str,
    flash_attn: str,
    ubatch: int,
    ngl: int | None,
    kv_unified: bool,
    swa_full: bool,
    outputs: int | None,
    mmproj: str | None,
    cpu_moe: bool,
    device: str,
    backend: str | None,
    filled: int,
    probe: bool,
    wish: Delivery,
) -> int:
    """What a model takes, whether it fits, and how fast it should be.

    FILE is a GGUF file (any part of a split one), a folder of safetensors, or the name of a model that a server
    on this machine has. Nothing is loaded: only headers are read.

    \b
    Examples:
      llm-doctor fit model.gguf --ctx 32768
      llm-doctor fit model.gguf --device "RTX 3060 12GB" --kv-type q8_0
      llm-doctor fit llama3.1:8b --backend cpu --format json
    """  # noqa: D301 - click's mark for lines to be kept as they are
    from doctor.collect.answering import answered
    from doctor.sizing.settings import Settings

    k_type, v_type = _kv_types(kv_type)
    if flash_attn == "off" and v_type.startswith(("q", "iq")):
        raise UsageError(f"--kv-type {kv_type}: a quantised V cache needs flash attention, which is off")
    model = _model(file)
    context = min(DEFAULT_CONTEXT, model.shape.trained_context or DEFAULT_CONTEXT) if ctx is None else ctx
    settings = Settings(
        context=context or model.shape.trained_context or DEFAULT_CONTEXT,
        slots=parallel,
        kv_unified=kv_unified,
        ubatch=ubatch,
        kv_type_k=k_type,
        kv_type_v=v_type,
        flash_attention=flash_attn != "off",
        swa_full=swa_full,
        gpu_layers=-1 if ngl is None else ngl,
        outputs=outputs or None,
        experts_on_cpu=cpu_moe,
        projector_bytes=_projector_bytes(mmproj) if mmproj else 0,
        backend=backend or "",
    )
    return _deliver(answered(model, settings, device, filled, probe=probe), wish)


def _deliver(found: "tuple[Answer, Answer | None]", wish: Delivery) -> int:
    """Print or save; the exit code is 0 whatever the verdict: the question was answered."""
    from doctor.cli.cleaning import Cleaner
    from doctor.report.fit_json import as_json
    from doctor.report.fit_text import as_text

    asked, on_processor = found
    cleaner = Cleaner(wish.privacy.of(wish.format, wish.path is not None), wish.privacy)

    def write(where: Look) -> str:
        text = as_json(asked, on_processor) if wish.format == "json" else as_text(on_processor or asked, where)
        return cleaner.text(cleaner.redactor.text(text))

    return deliver_text(write, wish, exits.OK)


def _kv_types(text: str) -> tuple[str, str]:
    """`q8_0` or `q8_0,f16`. Raises UsageError."""
    types = [word.strip().lower() for word in text.split(",")]
    for word in types:
        if word not in KV_TYPES:
            raise UsageError(
                f"--kv-type {one_line(word, 40)!r} is none of {', '.join(KV_TYPES)}{nearest(word, KV_TYPES)}"
            )
    if len(types) > 2:
        raise UsageError("--kv-type takes one type, or two with a comma between them: K,V")
    return types[0], types[-1]


def _model(name: str) -> "ModelFile":
    """The model in a file or folder, or under this name on a running server. Raises UsageError and reading errors."""
    from doctor.collect.shape import read_model_file

    path = Path(name)
    try:
        there, broken = path.exists(), path.is_symlink()
    except (OSError, ValueError) as error:
        raise UsageError(f"{one_line(name, 120)!r} is not the name of a file") from error
    if there:
        return read_model_file(path)
    if broken:
        raise UsageError(f"{one_line(name, 200)} is a link to a file that is not there")
    if path.is_absolute() or name.startswith(("./", "../", "~", ".\\", "..\\")):
        raise UsageError(f"there is no file {one_line(name, 200)}{_beside(path)}")
    from doctor.collect.running_model import find_running

    return read_model_file(find_running(name, _beside(path)))


def _beside(path: Path) -> str:
    """The file in the same folder that was probably meant, in words."""
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.suffix == ".gguf"]
    except OSError:
        return ""
    return one_line(nearest(path.name, names), 200)


def _projector_bytes(name: str) -> int:
    """Bytes of a projector's weights. Raises GgufError, or UsageError for a file that is something else."""
    from doctor.collect.gguf import read_header

    header = read_header(name)
    kind = header.metadata.get("general.type")
    if kind in ("model", "adapter") and header.architecture != "clip":
        raise UsageError(f"--mmproj {one_line(Path(name).name, 120)} is no projector but a file of type {kind}")
    return sum(tensor.bytes or 0 for tensor in header.tensors)
