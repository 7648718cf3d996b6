"""A report with facts of every kind that a bug report is made of."""
# ruff: noqa: E501

import json

import msgspec

from doctor.model import Evidence, Finding, Origin, Severity, State
from doctor.report.upstream.filling import case_of
from tests.report.sample import REPORT, TARGET

BODY = {
    "model": "qwen2.5:7b",
    "messages": [{"role": "user", "content": "It's `raining`?"}],
    "max_tokens": 96,
    "stream": False,
    "seed": 42,
}
EXCHANGE = {
    "purpose": "P13", "status": 200, "finish_reason": "length", "content": "GGGG @everyone #1 ```", "prompt_tokens": 12,
    "completion_tokens": 96, "decode_tok_s": 4.2, "total_s": 23.5, "route": "POST /v1/chat/completions",
    "request": json.dumps(BODY),
}  # fmt: skip
HOST = {
    "System": {"os": "linux", "release": "6.8.0-45-generic", "arch": "x86_64"},
    "Cpu": {"name": "AMD Ryzen 9 7950X3D", "physical_cores": 16, "logical_cores": 32},
    "Memory": {"total_bytes": 64 << 30, "available_bytes": 40 << 30},
    "Gpus": {
        "devices": [
            {
                "index": 0,
                "name": "NVIDIA GeForce RTX 4090",
                "vendor": "nvidia",
                "memory_total_bytes": 24 << 30,
                "driver": "560.35",
            }
        ]
    },
}
FINDING = Finding(
    symptom="glyph-flood",
    severity=Severity.CRITICAL,
    subject="qwen2.5:7b",
    summary="the answer is one character, G, 96 times @everyone",
    evidence=(Evidence(label="longest run", value=96, unit="characters", source="probe P13", origin=Origin.COMPUTED),),
)


def report(runtime="ollama", **more):
    facts = {
        "Identity": {"runtime": runtime, "state": "ready", "version": "0.12.3", "name": runtime},
        "ServerProcess": {
            "pid": 1,
            "name": "x",
            "command": [f"/usr/bin/{runtime}", "serve", "--port", "8080"],
            "environment": {"OLLAMA_FLASH_ATTENTION": "1"},
        },
        "ModelCard": {
            "name": "qwen2.5:7b",
            "architecture": "qwen2",
            "quantization": "Q4_K_M",
            "parameters": 7615616512,
        },
        "Window": {"per_request": 8192},
        "DecodeSpeed": {"exchange": EXCHANGE, "tok_s": 4.2, "tokens": 96, "source": "stream"},
    }
    target = msgspec.structs.replace(
        TARGET, url="http://127.0.0.1:8080", runtime=runtime, version="0.12.3", model="qwen2.5:7b", state=State.CRITICAL,
        findings=(FINDING,), causes=(), facts=facts, **more,
    )  # fmt: skip
    return msgspec.structs.replace(REPORT, host=HOST, targets=(target,))


def case(runtime="ollama", words="", log="", **more):
    made = report(runtime, **more)
    return case_of(made, made.targets[0], words, log)
