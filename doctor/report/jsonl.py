"""JSON lines: one value a line as a run produces them, the headline last, so that a reader needs no whole document."""

import json
from typing import Any

import msgspec

from doctor.model import Report
from doctor.report import Look
from doctor.report.json import tidy


def render(report: Report, look: Look | None = None) -> str:
    """Lines with `type` run, target, check, finding, cause, end."""
    lines = [{"type": "run", "schema_version": report.schema_version, "started": report.started, "depth": report.depth}]
    lines[0] |= {"tool": msgspec.to_builtins(report.tool)}
    for target in report.targets:
        told = {"url": target.url, "runtime": target.runtime, "version": target.version, "model": target.model}
        lines += [_line("check", target.url, check) for check in target.checks]
        lines += [_line("finding", target.url, finding) for finding in target.findings]
        lines += [_line("cause", target.url, cause) for cause in target.causes]
        lines.append({"type": "target", **told, "state": target.state, "reason": target.reason})
    end: dict[str, Any] = {"type": "end", "state": report.state, "seconds": report.seconds, "reason": report.reason}
    lines.append(
        end | {"coverage": msgspec.to_builtins(report.coverage), "redaction": msgspec.to_builtins(report.redaction)}
    )
    return "".join(json.dumps(tidy(line), allow_nan=False) + "\n" for line in lines)


def _line(kind: str, url: str, value: msgspec.Struct) -> dict[str, Any]:
    return {"type": kind, "target": url, **msgspec.to_builtins(value)}
