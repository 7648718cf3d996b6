"""The smallest thing that shows it again: one request as it was sent, for the shell and for Python, and its answer."""

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec

from doctor.errors import Skip
from doctor.facts import Exchange
from doctor.model import Evidence, TargetReport
from doctor.text import plain

# Which probe a check judges; a finding is reproduced by the request of its check.
PURPOSE_OF_CHECK = {
    check: purpose
    for purpose, checks in {
        "P01": "load-memory warm-up",
        "P02": "echo",
        "P03": "control-questions",
        "P04": "stops end-token",
        "P07": "system-role",
        "P08": "role-shapes",
        "P12": "thinking",
        "P13": "decode-rate degeneration gpu-output",
        "P15": "prompt-cache",
        "P16": "canary overflow decode-depth",
        "P17": "prompt-accounting",
        "P18": "tool-call tool-arguments tool-offer tool-restraint tool-support",
        "P20": "tool-result",
        "P22": "schema",
    }.items()
    for check in checks.split()
}
GET = re.compile(r"\bGET (?P<path>/[\w./?=&-]*)")
MAX_ANSWER = 1500


class Reproduction(msgspec.Struct, frozen=True):
    """Commands and what came of them."""

    shell: str
    python: str = ""
    answer: str = ""


def reproduction(target: TargetReport, checks: Iterable[str], evidence: Iterable[Evidence]) -> Reproduction:
    """Of what these checks found. Raises Skip when nothing that was asked can show it."""
    origin = _origin(target.url)
    exchange = _exchange(target, list(checks))
    if exchange is not None:
        return _of_exchange(exchange, origin)
    paths = list(dict.fromkeys(match["path"] for item in evidence for match in GET.finditer(item.source)))
    if not paths:
        raise Skip("what was found rests on no request that could be repeated")
    return Reproduction(
        "\n".join(f"curl -sS {shlex.quote(origin + path)}" for path in paths[:4]),
        "\n".join(
            [
                "import urllib.request",
                "",
                *(f"print(urllib.request.urlopen({origin + path!r}).read().decode())" for path in paths[:4]),
            ]
        ),
    )


def _of_exchange(exchange: Exchange, origin: str) -> Reproduction:
    url = origin + exchange.route.partition(" ")[2]
    body = json.loads(exchange.request)
    words = ["curl", "-sS", url, "-H", "Content-Type: application/json", "-d", json.dumps(body, ensure_ascii=False)]
    python = [
        "import json",
        "import urllib.request",
        "",
        f"body = {_literal(body)}",
        f"request = urllib.request.Request({url!r}, json.dumps(body).encode(), {{'Content-Type': 'application/json'}})",
        "print(urllib.request.urlopen(request).read().decode())",
    ]
    return Reproduction(" ".join(map(shlex.quote, words)), "\n".join(python), answered(exchange))


def _literal(value: Any) -> str:  # noqa: ANN401 - JSON
    import pprint

    return pprint.pformat(value, width=100, sort_dicts=False, compact=True).replace("{", "{\n ", 1)


def answered(exchange: Exchange) -> str:
    """What came back, as far as it was kept."""
    lines = [
        f"status {exchange.status}" + (f", finish_reason {exchange.finish_reason}" if exchange.finish_reason else "")
    ]
    if exchange.error:
        lines.append(f"error: {plain(exchange.error, MAX_ANSWER)}")
    if exchange.reasoning:
        lines.append(f"reasoning: {plain(exchange.reasoning, MAX_ANSWER)}")
    if exchange.content or not (exchange.error or exchange.tool_calls):
        lines.append(f"content: {json.dumps(plain(exchange.content, MAX_ANSWER), ensure_ascii=False)}")
    lines += [f"tool call: {plain(call.name, 200)} {plain(call.arguments, MAX_ANSWER)}" for call in exchange.tool_calls]
    tokens = [
        ("prompt", exchange.prompt_tokens),
        ("completion", exchange.completion_tokens),
        ("cached", exchange.cached_tokens),
    ]
    counted = ", ".join(f"{number} {name}" for name, number in tokens if number is not None)
    rates = [("prompt", exchange.prompt_tok_s), ("decode", exchange.decode_tok_s)]
    timed = ", ".join(f"{name} {rate:.4g} tok/s" for name, rate in rates if rate)
    lines += [f"tokens: {counted}"] if counted else []
    lines.append(f"{exchange.total_s:.3g} s" + (f", {timed}" if timed else ""))
    return "\n".join(lines)


def _exchange(target: TargetReport, checks: list[str]) -> Exchange | None:
    """The request behind the first of the checks that has one; else one that was refused."""
    known = [exchange for exchange in exchanges(target.facts) if exchange.request and exchange.route]
    for check in checks:
        purpose = PURPOSE_OF_CHECK.get(check)
        for exchange in known:
            if purpose and exchange.purpose.startswith(purpose):
                return exchange
    return next((exchange for exchange in known if not exchange.ok), None)


def exchanges(facts: Any) -> Iterator[Exchange]:  # noqa: ANN401 - facts as saved
    """Every request to the model that the facts hold."""
    if isinstance(facts, dict):
        if "purpose" in facts and "finish_reason" in facts:
            try:
                yield msgspec.convert(facts, Exchange, strict=False)
            except msgspec.ValidationError:
                return
        for value in facts.values():
            yield from exchanges(value)
    elif isinstance(facts, list):
        for value in facts:
            yield from exchanges(value)


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.netloc}"
