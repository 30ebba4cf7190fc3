"""Whether each transaction stored the events that its offsets moved over, and no others."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from aiokafka import TopicPartition

from tests.faults.identity import Key

HERE = Path(__file__).parent
# By partition and offset, what the events there are about.
Log = Mapping[TopicPartition, Mapping[int, Set[Key]]]


def install(database: str) -> None:
    """Adds the notes to a migrated database."""
    with psycopg.connect(database) as connection:
        connection.execute((HERE / "audit.sql").read_bytes())


@dataclass(frozen=True)
class Found:
    """Rows written beyond the offsets' moves, and moved over without being written."""

    beyond: Counter[Key]
    passed: Counter[Key]
    moved_back: int


@dataclass(frozen=True)
class _Move:
    partition: TopicPartition
    first: int
    next: int


def audit(connection: psycopg.Connection[Any], log: Log) -> Found:
    """Holds what each transaction wrote against the part of the log that it moved over."""
    moves, written = _moves(connection), _written(connection)
    found = Found(Counter(), Counter(), sum(m.next < m.first for ms in moves.values() for m in ms))
    for xid in moves.keys() | written.keys():
        due = Counter(
            set[Key]().union(
                *(
                    log[move.partition].get(offset, set())
                    for move in moves[xid]
                    for offset in range(move.first, move.next)
                )
            )
        )
        found.beyond.update(written[xid] - due)
        found.passed.update(due - written[xid])
    return found


def _moves(connection: psycopg.Connection[Any]) -> dict[str, list[_Move]]:
    moves: dict[str, list[_Move]] = defaultdict(list)
    for xid, topic, partition, first, following in connection.execute(
        "select xid, topic, partition, first_offset, next_offset from audit_offsets order by place"
    ):
        moves[xid].append(_Move(TopicPartition(topic, partition), first, following))
    return moves


def _written(connection: psycopg.Connection[Any]) -> dict[str, Counter[Key]]:
    agents = {
        str(key): (user, agent)
        for key, user, agent in connection.execute(
            "select agent_key, user_id, agent_id from agents"
        )
    }
    written: dict[str, Counter[Key]] = defaultdict(Counter)
    for xid, relation, key in connection.execute("select xid, relation, key from audit_rows"):
        written[xid][_key(relation, key, agents)] += 1
    return written


def _key(relation: str, key: list[str], agents: Mapping[str, tuple[str, str]]) -> Key:
    if relation in {"sample", "status"}:
        key = [*agents[key[0]], *key[1:]]
    if relation in {"sample", "skill"}:
        key[-1] = datetime.fromisoformat(key[-1]).astimezone(UTC).isoformat()
    return (relation, *key)
