"""The latest result of the conservation check: whether each rollup sums to the platform's rows."""

from collections.abc import Sequence

from ingest.admin.conservation.report import LevelReport
from ingest.admin.doctor.finding import Finding, ok, problem, warning

REPAIR = "fleetgauge maintain --repair"


def examine_conservation(levels: Sequence[LevelReport]) -> list[Finding]:
    """A finding for each rollup that differs, or one for all rollups."""
    differing = [_differs(found) for found in levels if found.buckets]
    if differing:
        return differing
    first = levels[0]
    if first.checked_at is None:
        return [warning("conservation", "rollups have never been compared", "fleetgauge ingest")]
    says = f"rollups sum to the platform's rows; checked at {first.checked_at:%Y-%m-%dT%H:%MZ}"
    if first.passed_at is not None:
        says += f", all history by {first.passed_at:%Y-%m-%dT%H:%MZ}"
    facts = {"checked_at": first.checked_at, "passed_at": first.passed_at}
    return [ok("conservation", says, **facts)]


def _differs(found: LevelReport) -> Finding:
    unit = "day" if found.level == "agent_metrics_1d" else "hour"
    units = unit if found.buckets == 1 else f"{unit}s"
    says = (
        f"{found.level} does not sum to the platform's rows: {found.buckets} {units} from "
        f"{found.oldest:%Y-%m-%dT%H:%MZ} to {found.newest:%Y-%m-%dT%H:%MZ}, "
        f"{found.samples} samples"
    )
    if found.older_than_raw:
        says += (
            f"; {found.older_than_raw} of these {unit}s are older than the raw samples and can "
            "only be recomputed from a finer rollup that is correct"
        )
    facts = {
        "level": found.level,
        "buckets": found.buckets,
        "oldest": found.oldest,
        "newest": found.newest,
        "samples": found.samples,
        "older_than_raw": found.older_than_raw,
    }
    return problem("conservation", says, REPAIR, **facts)
