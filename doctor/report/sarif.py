"""SARIF 2.1.0 for findings about a file: a model, a compose file, a unit. What is wrong at run time does not fit."""

import json
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from doctor.model import Finding, Report, Severity, TargetReport
from doctor.report import Look
from doctor.report.json import tidy
from doctor.text import one_line

MAX_RESULTS = 5000
LEVELS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# Checks that read a file, and the fact that says which.
FILE_OF_CHECK = {
    "model-file": ("FileHealth", "path"),
    "quantization": ("FileHealth", "path"),
    "chat-template": ("FileHealth", "path"),
    "pretokenizer": ("FileHealth", "path"),
    "rope": ("ModelCard", "file_path"),
    "bos": ("ModelCard", "file_path"),
}


def render(report: Report, look: Look | None = None) -> str:
    """One run; the rules are the symptoms that were seen."""
    rules: dict[str, dict[str, Any]] = {}
    results = []
    for target in report.targets:
        for finding, path in _located(target):
            rules.setdefault(finding.symptom, {"id": finding.symptom, "shortDescription": {"text": _title(finding)}})
            results.append(_result(finding, path, target))
    run = {
        "tool": {"driver": {"name": "llm-doctor", "version": report.tool.version, "rules": list(rules.values())}},
        "results": results[:MAX_RESULTS],
    }
    return json.dumps(tidy({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}), indent=2) + "\n"


def _located(target: TargetReport) -> list[tuple[Finding, str]]:
    """Findings of the checks that read a file, with its path."""
    from doctor.plugins import bundled_checks

    raised_by = {symptom.id: check.id for check in bundled_checks() for symptom in check.symptoms}
    found = []
    for finding in target.findings:
        fact, field = FILE_OF_CHECK.get(raised_by.get(finding.symptom, ""), ("", ""))
        value = target.facts.get(fact)
        path = value.get(field) if isinstance(value, dict) else None
        if isinstance(path, str) and path:
            found.append((finding, path))
    return found


def _title(finding: Finding) -> str:
    from doctor.plugins import bundled_checks

    titles = {symptom.id: symptom.title for check in bundled_checks() for symptom in check.symptoms}
    return titles.get(finding.symptom, finding.symptom)


def _result(finding: Finding, path: str, target: TargetReport) -> dict[str, Any]:
    text = one_line(finding.summary, 1000)
    return {
        "ruleId": finding.symptom,
        "level": LEVELS[finding.severity],
        "message": {"text": f"{text} (seen at {one_line(target.url, 200)})"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(path)}, "region": {"startLine": 1}}}],
        "partialFingerprints": {"symptomAndFile/v1": f"{finding.symptom}:{PurePosixPath(path).name}"},
    }


def _uri(path: str) -> str:
    slashes = path.replace("\\", "/")
    prefix = "file://" if slashes.startswith("/") else ""
    return prefix + quote(slashes, safe="/~._-:")
