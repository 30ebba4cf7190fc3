"""Check of the topics: whether they exist, with safe settings and sufficient rights."""

from typing import Final

from ingest.admin.doctor.finding import Finding, Level, ok
from ingest.admin.topicfaults import Fault, Weight
from ingest.admin.topics import Inspection

LEVELS: Final = {
    Weight.REFUSED: Level.PROBLEM,
    Weight.PROBLEM: Level.PROBLEM,
    Weight.WARNING: Level.WARNING,
}


def examine_topics(inspection: Inspection) -> list[Finding]:
    """A finding for each fault, or one for all topics."""
    cluster_id = inspection.cluster_id
    if inspection.faults:
        return [_finding(fault, cluster_id) for fault in inspection.faults]
    says = f"cluster {cluster_id} has all topics, with settings that lose no data"
    return [ok("broker", says, cluster_id=cluster_id)]


def _finding(fault: Fault, cluster_id: str) -> Finding:
    facts = {"cluster_id": cluster_id, "topic": fault.topic}
    return Finding("broker", LEVELS[fault.weight], fault.says, fault.fix, facts)
