"""The report as `docs/benchmarks.md`."""

from collections.abc import Iterable, Mapping, Sequence

from tests.bench.result import Machine, Reached, Report, Result, Series, Values, median
from tests.bench.targets import Target


def render(report: Report, targets: Sequence[Target], reasons: Mapping[str, str]) -> str:
    """Render the page. `reasons`, by target name, are shown for the missed targets."""
    lines = _heading(report)
    results = {result.name: result for result in report.results}
    for section in dict.fromkeys(target.section for target in targets):
        mine = [t for t in targets if t.section == section and t.measurement in results]
        if mine:
            lines += [f"## {section}", "", *_summary(mine, results)]
            lines += _shortfalls(mine, results, reasons)
            for name in dict.fromkeys(target.measurement for target in mine):
                lines += _details(results[name])
    named = {target.measurement for target in targets}
    for result in report.results:
        if result.name not in named:
            lines += _details(result)
    return "\n".join(lines).rstrip() + "\n"


def _heading(report: Report) -> list[str]:
    length = "make bench FULL=1" if report.is_full else "make bench"
    return [
        "# Benchmarks",
        "",
        f"Measured on {report.measured_on} by `{length}`: {_machine(report.machine)} "
        "Broker, database, Fleetgauge and its peers share the cores.",
        "",
        "Compare only ratios within one run: absolute figures vary by half from day to day. "
        f"Contestants ran alternately, {report.pairs} times each. A ratio is the median of the "
        "ratios of each round, followed by the minimum and the maximum. CPU-seconds include all "
        "processes of the contestant and of the database, but not the broker's.",
        "",
    ]


def _machine(machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return (
        f"{machine.cores} cores, {machine.memory_gib:.0f} GiB, {machine.system}, "
        f"{machine.database}, {versions}."
    )


def _summary(targets: Sequence[Target], results: Mapping[str, Result]) -> list[str]:
    heads = ["figure", "compared with", "setup", "target", "result", ""]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for target in targets:
        result = results[target.measurement]
        found = reached_of(result, target)
        reached, verdict = _verdict(target, found) if found else (why_missing(result, target), "")
        setup = result.setup or "-"
        lines.append(_row([target.figure, target.against, setup, target.goal(), reached, verdict]))
    return [*lines, ""]


def _verdict(target: Target, found: Reached) -> tuple[str, str]:
    value = f"{short(median(found.values))} {target.unit}{_spread(found.values)}"
    if target.least is None and target.most is None:
        return value, ""
    return value, "yes" if target.is_met(found.values) else "**short**"


def reached_of(result: Result, target: Target) -> Reached | None:
    """The values of a result for a target."""
    return next((found for found in result.reached if found.target == target.name), None)


def why_missing(result: Result, target: Target) -> str:
    """Why a result has no values for a target."""
    why = result.missing.get(target.name) or result.missing.get(result.name)
    return f"not measured: {why or 'not part of this run'}"


def _shortfalls(
    targets: Sequence[Target], results: Mapping[str, Result], reasons: Mapping[str, str]
) -> list[str]:
    lines = []
    for target in targets:
        found = reached_of(results[target.measurement], target)
        if found and not target.is_met(found.values) and target.name in reasons:
            lines += [
                f"**{target.figure}, compared with {target.against}:** {reasons[target.name]}",
                "",
            ]
    return lines


def _details(result: Result) -> list[str]:
    lines = [f"### {result.title}", ""]
    if result.setup:
        lines += [f"{result.setup}.", ""]
    if result.series:
        lines += [*_table(result.series), ""]
    lines += [f"- {name}: not measured: {why}" for name, why in result.missing.items()]
    lines += [f"- {remark}" for remark in result.remarks]
    return [*lines, ""] if lines[-1] else lines


def _table(series: Sequence[Series]) -> list[str]:
    figures = list(dict.fromkeys(name for one in series for name in one.figures))
    gives = ["provides"] if any(one.gives for one in series) else []
    heads = ["", *figures, *gives]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for one in series:
        cells = [_cell(one.figures.get(name, ())) for name in figures]
        lines.append(_row([one.name, *cells, *([one.gives] if gives else [])]))
    return lines


def _cell(values: Values) -> str:
    return f"{short(median(values))}{_spread(values)}" if values else "-"


def _spread(values: Values) -> str:
    return f" ({short(min(values))} to {short(max(values))})" if len(values) > 1 else ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def short(value: float) -> str:
    """Format with three or four digits, and k or M for thousands and millions."""
    if abs(value) >= 999_950:
        return f"{value / 1_000_000:.2f} M"
    if abs(value) >= 1_000:
        return f"{value / 1_000:.1f} k"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"
