"""A machine with one graphics card as live mode would see it, and facts as a finished report holds them; no clock."""

import msgspec

from doctor.facts import (
    CanaryText,
    DecodeBound,
    DecodeSpeed,
    Exchange,
    Footprint,
    Gpu,
    Memory,
    ModelCard,
    Needle,
    PromptAccounting,
    Rendered,
    Tenant,
    ToolAnswer,
    ToolCall,
    ToolTrial,
)
from doctor.vitals import Holder, Loaded, Look, Machine, Pulse
from tests.tui import stories

GIB = 1 << 30
LOADS = (0.02, 0.05, 0.6, 0.97, 0.98, 0.95, 0.99, 0.97)


def gpu(load: float, *, throttled: bool = False, used_gib: float = 11.2) -> Gpu:
    return Gpu(
        index=0,
        name="NVIDIA GeForce RTX 3060",
        vendor="nvidia",
        memory_total_bytes=12 * GIB,
        memory_used_bytes=int(used_gib * GIB),
        memory_free_bytes=int((12 - used_gib) * GIB),
        utilisation=load,
        temperature_c=71.0,
        power_w=148.0,
        power_limit_w=170.0,
        clock_mhz=900.0 if throttled else 1800.0,
        clock_max_mhz=2100.0,
        throttle=("thermal",) if throttled else (),
        tenants=(
            Tenant(pid=4242, name="ollama", memory_bytes=int(10.6 * GIB)),
            Tenant(pid=77, name="Xorg", memory_bytes=300 << 20),
        ),
        source="NVML",
    )


def machine(at_s: float, load: float, **gpu_settings: object) -> Machine:
    return Machine(
        at_s=at_s,
        memory=Memory(total_bytes=32 * GIB, available_bytes=int((12 - 4 * load) * GIB)),
        cpu_busy=load / 2,
        gpus=(gpu(load, **gpu_settings),),
        holders=(Holder(pid=9, name="firefox", bytes=4 * GIB), Holder(pid=4242, name="ollama", bytes=3 * GIB)),
        swapped_in_bytes=0,
        swapped_out_bytes=0,
        reread_bytes=0,
    )


def looks(url: str = stories.URL, **last: object) -> list[Look]:
    """Sixteen seconds: idle, then a long answer."""
    found = []
    for number, load in enumerate(LOADS):
        at_s = 2.0 * number
        pulse = Pulse(
            at_s=at_s,
            slots=2,
            busy=1 if load > 0.5 else 0,
            generated=int(28 * max(0, number - 2)),
            per_request=True,
            context_used=300 + 500 * number,
            context_size=4096,
            loaded=(Loaded(name=stories.MODEL, gpu_share=0.71),),
        )
        settings = last if number == len(LOADS) - 1 else {}
        found.append(Look(machine=machine(at_s, load, **settings), servers={url: pulse}))
    return found


def exchange(purpose: str, **fields: object) -> Exchange:
    return Exchange(purpose=purpose, status=200, **fields)


CALL = ToolCall(name="get_weather", arguments='{"city": "Oslo"}')


def trial(item: str, **fields: object) -> ToolTrial:
    answer = exchange("tools", tool_calls=(CALL,), finish_reason="tool_calls")
    return ToolTrial(**{"item": item, "offered": ("get_weather",), "exchange": answer, "semantic_ok": True, **fields})


FACTS = (
    DecodeSpeed(exchange=exchange("decode"), tok_s=14.2, tokens=96, source="server timings"),
    DecodeBound(
        best_tok_s=61.0,
        best_slow_below_tok_s=36.0,
        placed_tok_s=18.0,
        placed_slow_below_tok_s=10.0,
        gpu_share=0.71,
        best_gpu_share=1.0,
        device="NVIDIA GeForce RTX 3060",
    ),
    Footprint(
        path="/models/qwen3-4b.gguf",
        weights_bytes=9 * GIB,
        kv_bytes=3 * GIB,
        compute_bytes=GIB // 2,
        margin_bytes=GIB // 10,
        bytes_per_token=147456,
        context=4096,
        free_bytes=-GIB,
        where="GPU memory",
    ),
    PromptAccounting(expected=11872, counted=4096, at_least=9000, exact=True, window=4096),
    CanaryText(
        exchange=exchange("canary"),
        words=8000,
        needles=tuple(
            Needle(colour=c, code=str(n), depth=d, found=d > 0.6)
            for n, (c, d) in enumerate(zip("rgby", (0.03, 0.35, 0.65, 0.97), strict=True))
        ),
    ),
    ToolAnswer(
        trials=(
            trial("T1"),
            trial(
                "T2", exchange=exchange("tools", content='{"name": "get_weather"}'), call_as_text="{", semantic_ok=None
            ),
            trial("T3", needs_call=False, exchange=exchange("tools", content="Hello."), semantic_ok=None),
            trial("T4", schema_errors=("city is missing",), semantic_ok=False),
        )
    ),
    Rendered(
        chat=None,
        user_only="<|im_start|>user\nwalnutone\n<|im_start|>assistant\n",
        user_words=("walnutone", "saffrontwo"),
        source="POST /apply-template",
    ),
    ModelCard(name=stories.MODEL, eos_token="<|im_end|>", architecture="qwen3"),
)


def facts() -> dict[str, object]:
    """As a report holds them."""
    return {type(fact).__name__: msgspec.to_builtins(fact) for fact in FACTS}


def sick_with_facts() -> list:
    """The sick server's story, with the facts in its report."""
    events = stories.sick()
    target = msgspec.structs.replace(events[-2].report, facts=facts())
    return [*events[:-2], type(events[-2])(report=target), type(events[-1])(report=stories.report_of(target))]


def library():
    """Which check raised which symptom, in the story."""
    from doctor.tui.library import Library

    raised = {finding.symptom: check for check, finding in stories.FINDINGS.items()}
    return Library(raised_by=raised)


def watched(events=None, first: str = "overview", **last: object):
    """The face on the sick server's story and this machine."""
    app = stories.app(events or sick_with_facts(), first=first, read_library=library)
    app.session.looks.extend(looks(**last))
    return app
