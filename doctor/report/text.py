"""The report for a person under stress: the state and the causes first, then proof, cure and the rest."""

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size

from doctor.model import Cause, Coverage, Depth, Evidence, Finding, Report, Severity, State, Status, Step, TargetReport
from doctor.report import Look
from doctor.report.page import Page
from doctor.report.retrieval import chart, retrieval, told
from doctor.report.steps import before_lines, command_lines, deep_words, shell_of, step_lines, treat_words, undo_lines
from doctor.text import mib, one_line

STYLES = {
    "critical": "bold red",
    "warning": "bold yellow",
    "note": "cyan",
    "ok": "bold green",
    "unknown": "bold blue",
}
RISKS = {
    "request": "sends one request to the server",
    "reload": "the model is loaded again",
    "restart": "the server is started again",
    "global": "changes a setting of this machine",
}
MAX_EVIDENCE = 10
NOW, THEN = "now:  ", "then: "


def render(report: Report, look: Look | None = None) -> str:
    """The whole page."""
    page = Page(look or Look())
    _headline(page, report)
    for target in report.targets:
        _target(page, target, shell_of(report.host), report.depth)
    _coverage(page, report)
    return page.text()


def _headline(page: Page, report: Report) -> None:
    page.add(_summary(report), STYLES[report.state], marker=f"{report.state.upper()}  ")
    confirmed = [cause for target in report.targets for cause in target.causes if cause.verdict == "confirmed"]
    for number, cause in enumerate(_worst_first(confirmed), 1):
        page.add(cause.title, marker=f"{number}. ", indent=2)
    if report.reason:
        page.add(_sentence(report.reason), indent=2)


def _summary(report: Report) -> str:
    causes = [cause for target in report.targets for cause in target.causes]
    suspected = sum(cause.verdict != "confirmed" for cause in causes)
    noted = sum(cause.verdict == "confirmed" and cause.severity is Severity.NOTE for cause in causes)
    confirmed = len(causes) - suspected - noted
    open_findings = sum(len(_unexplained(target)) for target in report.targets)
    looked = report.coverage.passed + report.coverage.failed
    parts = []
    if confirmed:
        parts.append(f"{_count(confirmed, 'cause')} confirmed")
    if suspected:
        parts.append(f"{_count(suspected, 'cause')} suspected")
    if open_findings:
        parts.append(f"{_count(open_findings, 'sign')} without a proven cause")
    if not parts:
        parts.append(_nothing_wrong(report, looked))
    if noted:
        parts.append(f"{_count(noted, 'thing')} worth knowing")
    return ", ".join(parts)


def _nothing_wrong(report: Report, looked: int) -> str:
    """Never more than was looked at: what could not be evaluated stands beside it."""
    if not looked:
        return "nothing could be evaluated"
    found = f"nothing wrong was found by {_count(looked, 'check')}"
    unseen = report.coverage.skipped + report.coverage.crashed
    if unseen:
        found += f", {unseen} could not be evaluated"
    return found if report.state is State.OK else f"{found}; the examination is not complete"


def _target(page: Page, target: TargetReport, shell: str, depth: Depth) -> None:
    page.gap()
    page.add(_name(target), "bold", tail=f"state: {target.state}")
    if target.reason:
        page.add(_sentence(target.reason), indent=2)
    causes = _worst_first(target.causes)
    for cause in causes:
        if cause.verdict == "confirmed":
            _confirmed(page, target, cause, shell, depth)
    _suspected(page, [cause for cause in causes if cause.verdict != "confirmed"])
    _findings(page, "Signs without a proven cause", _unexplained(target))
    notes = [finding for finding in target.findings if finding.severity is Severity.NOTE and not finding.explained_by]
    _findings(page, "Notes", notes)
    for one in target.suppressed:
        page.add(f"{one.id} until {one.until}: {one_line(one.reason)}", marker="Suppressed: ", indent=2)
    _retrieval(page, target)


def _retrieval(page: Page, target: TargetReport) -> None:
    """Recall with each lever, and the worst questions; their texts only where they may be shown."""
    section = retrieval(target.facts)
    if section is None:
        return
    page.gap()
    page.add(f"Retrieval: {section.title}", "underline")
    page.exact(chart(section.bars, ascii_only=page.look.ascii), indent=2)
    for note in dict.fromkeys(bar.note for bar in section.bars if bar.note):
        page.add(_sentence(f"keyword search is {note}"), "dim", indent=2)
    if not section.missed:
        return
    page.add(f"{section.failed} failed, the worst of them:", indent=2)
    texts = (page.look.texts or {}).get(target.url)
    for miss in section.missed:
        head, lines = told(miss, texts)
        page.add(head, marker="- ", indent=2)
        for line in lines:
            page.add(line, "dim", indent=4)
    if texts is None:
        page.add("Texts are left out; on a terminal, or with --show-texts, they are shown.", "dim", indent=2)


def _name(target: TargetReport) -> str:
    identity = target.facts.get("Identity")
    known = identity.get("name") if isinstance(identity, dict) else ""
    index = target.facts.get("Index")
    if isinstance(index, dict) and "count" in index:
        return _index_name(index, target, str(known or target.runtime))
    runtime = str(known or target.runtime or "Unidentified server")
    version = f" {target.version}" if target.version else ""
    model = f", model {target.model}" if target.model else ""
    return one_line(f"{runtime}{version} at {target.url}{model}", 300)


def _index_name(index: dict[str, object], target: TargetReport, embedder: str) -> str:
    """An index by its store, collection and size, with who embeds for it."""
    store = {"chroma": "Chroma", "qdrant": "Qdrant", "lancedb": "LanceDB", "faiss": "FAISS"}
    kind = store.get(str(index.get("kind")), str(index.get("kind")))
    name = index.get("title") or index.get("collection")
    by = f", embedded by {target.model} on {embedder}" if target.model and embedder else ""
    return one_line(f"{kind} collection {name}, {index['count']} rows, at {index.get('place')}{by}", 300)


def _worst_first(causes: Iterable[Cause]) -> list[Cause]:
    """By severity; the order of elimination is kept among equals."""
    order = list(Severity)
    return sorted(causes, key=lambda cause: -order.index(cause.severity))


def _unexplained(target: TargetReport) -> list[Finding]:
    found = [f for f in target.findings if f.severity is not Severity.NOTE and not f.explained_by]
    return sorted(found, key=lambda finding: finding.severity is not Severity.CRITICAL)


def _confirmed(page: Page, target: TargetReport, cause: Cause, shell: str, depth: Depth) -> None:
    page.gap()
    page.add(cause.title, STYLES[cause.severity], marker=f"{cause.severity.upper()}  ")
    seen = [f for f in target.findings if f.explained_by == cause.id or f.symptom in cause.because]
    for finding in sorted(seen, key=lambda finding: finding.symptom not in cause.because):
        _finding(page, finding)
    _evidence(page, cause.evidence or [e for finding in seen for e in finding.evidence])
    _cure(page, target, cause, shell, depth)


def _finding(page: Page, finding: Finding) -> None:
    page.add(_sentence(finding.summary), marker="- ", indent=2, tail=f"[{finding.symptom}]")


def _evidence(page: Page, evidence: Iterable[Evidence]) -> None:
    items = list(dict.fromkeys(evidence))
    if not items:
        return
    page.gap()
    page.add("Measured", "underline", indent=2)
    wide = min(page.look.width * 9 // 20, max(cell_len(one_line(item.label)) for item in items[:MAX_EVIDENCE]))
    for item in items[:MAX_EVIDENCE]:
        source = f"{item.origin}: {one_line(item.source)}" if item.source else str(item.origin)
        page.add(
            value_text(item),
            marker=set_cell_size(one_line(item.label, wide), wide) + "  ",
            indent=2,
            tail=f"({source})",
        )
    if len(items) > MAX_EVIDENCE:
        page.add(f"{len(items) - MAX_EVIDENCE} more in the JSON report", "dim", indent=2)


def value_text(item: Evidence) -> str:
    """The value with its unit, bytes as MiB or GiB, fractions with four digits."""
    value = item.value
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return one_line(f"{value} {item.unit}".strip()) or "(empty)"
    if item.unit in ("bytes", "B"):
        return mib(value)
    number = f"{value:.4g}" if isinstance(value, float) and abs(value) < 10_000 else f"{value:.0f}"
    unit = one_line(item.unit)
    one = number == "1" and len(unit) > 3 and unit.isalpha()
    return f"{number} {unit.removesuffix('s') if one else unit}".strip()


def _cure(page: Page, target: TargetReport, cause: Cause, shell: str, depth: Depth) -> None:
    page.gap()
    page.add("Cure" if len(cause.remedies) < 2 else "Cure, one of", "underline", indent=2)
    if not cause.remedies:
        page.add("No remedy is known for this runtime.", indent=2)
    now: tuple[str, ...] = ()
    for number, remedy in enumerate(cause.remedies, 1):
        page.add(
            _sentence(remedy.say),
            marker=f"{number}. ",
            indent=2,
            tail=f"({RISKS[remedy.risk]})" if remedy.risk in RISKS else "",
        )
        for step in remedy.steps:
            write_step(page, step, target.url, shell, indent=7, said=now)
            now = now or step.before
        if remedy.effect:
            page.add(_sentence(remedy.effect), marker="effect: ", indent=5)
    taken = {check.id for check in target.checks}  # an index is not examined with the checks of a server
    only = [word for id_ in cause.verify if id_ in taken for word in ("--only", id_)]
    page.gap()
    if not target.again and any(remedy.automatic for remedy in cause.remedies):
        page.add("The doctor can do it, verify it and take it back", "underline", indent=2)
        page.exact(command_lines(treat_words(cause.id, target.url, depth), shell), indent=2)
        page.gap()
    page.add("Did it help, and why it happens", "underline", indent=2)
    again = target.again or ("llm-doctor", "check", "--target", target.url, *deep_words(depth))
    page.exact(command_lines([*(one_line(word, 200) for word in again), *only], shell), indent=2)
    page.exact([f"llm-doctor explain {cause.id}"], indent=2)


def write_step(page: Page, step: Step, url: str, shell: str, *, indent: int, said: tuple[str, ...] = ()) -> None:
    """One step: what to do in words, the command as it is and as it shall be, and how to take it back.

    The command as it is stands there once: `said` is one that was shown before.
    """
    if step.text and (step.kind == "by-hand" or step.before):
        page.add(step.text.strip(), indent=indent)
    lines = [] if step.kind == "by-hand" else step_lines(step, url, shell)
    before = before_lines(step, shell)
    if before:
        if step.before != said:
            page.exact([f"{NOW}{before[0]}", *(" " * len(NOW) + line for line in before[1:])], indent=indent)
        lines = [f"{THEN}{lines[0]}", *(" " * len(THEN) + line for line in lines[1:])]
    page.exact(lines, indent=indent)
    undo = undo_lines(step, url, shell)
    if undo:
        page.add(" ".join(undo), "dim", marker="undo: ", indent=indent)


def _suspected(page: Page, causes: list[Cause]) -> None:
    if not causes:
        return
    page.gap()
    page.add("Suspected, not proven", "underline")
    for cause in causes:
        signs = ", ".join(cause.because)
        page.add(cause.title, marker="? ", indent=2, tail=f"[{cause.id}]")
        page.add(signs, "dim", marker="because of ", indent=4)
    page.add("llm-doctor explain ID tells more about each of them.", indent=2)


def _findings(page: Page, title: str, findings: list[Finding]) -> None:
    if not findings:
        return
    page.gap()
    page.add(title, "underline")
    for finding in findings:
        mark = "- " if finding.severity is Severity.NOTE else f"{finding.severity.upper()}  "
        page.add(_sentence(finding.summary), marker=mark, indent=2, tail=f"[{finding.symptom}]")
        for item in () if finding.severity is Severity.NOTE else finding.evidence[:MAX_EVIDENCE]:
            page.add(f"{one_line(item.label)}: {value_text(item)}", indent=4, tail=f"({item.origin})")


def _coverage(page: Page, report: Report) -> None:
    page.gap()
    if report.coverage.total:
        page.add(coverage_line(report.coverage), marker="Checks: ")
    grouped: dict[str, list[str]] = {}
    for target in report.targets:
        for check in target.checks:
            if check.status in (Status.SKIPPED, Status.CRASHED):
                failed = "the check itself failed: " if check.status is Status.CRASHED else ""
                grouped.setdefault(one_line(failed + check.reason, 300), []).append(check.id)
    if grouped:
        page.add("Not evaluated, which says nothing good or bad:", indent=2)
    for reason, ids in sorted(grouped.items(), key=lambda item: -len(item[1])):
        page.add(reason or "no reason given", marker="- ", indent=2, tail=f"[{', '.join(dict.fromkeys(ids))}]")
    page.add(
        f"{report.seconds:.1f} s at depth {report.depth}, started {one_line(report.started, 40)}, "
        f"{one_line(report.tool.name, 40)} {one_line(report.tool.version, 40)}",
        "dim",
    )


def coverage_line(coverage: Coverage) -> str:
    """How many checks passed, failed and could not be evaluated; never a score."""
    unseen = coverage.skipped + coverage.crashed
    line = f"{coverage.passed} passed, {coverage.failed} failed, {unseen} not evaluated"
    return line + (f" ({coverage.crashed} of them crashed)" if coverage.crashed else "")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _sentence(text: str) -> str:
    """Summaries are written with and without a full stop; shown, they all have one."""
    text = one_line(text, 1000)
    return text if not text or text[-1] in ".?:;" else text + "."
