"""The process `fleetgauge ingest`: opens its connections, runs the pipeline, stops on a signal."""

import asyncio
import gc
import os
import signal
from contextlib import suppress
from typing import Final

import structlog
from aiokafka.errors import KafkaError
from prometheus_client import start_http_server

from ingest.admin.agentsummary import AgentSummary
from ingest.admin.conflicts import ConflictWatch
from ingest.admin.frontier import Frontier
from ingest.admin.heartbeat import PERIOD_S, insert_heartbeats
from ingest.admin.refresh import RefreshJob
from ingest.admin.reread import check_reread
from ingest.admin.topics import check_topics
from ingest.admin.topicwatch import TopicWatch
from ingest.admin.upkeep import Upkeep
from ingest.database import open_pool
from ingest.errors import HINT_KAFKA, sentence
from ingest.kafka.topic import TopicError
from ingest.pipeline import Pipeline
from ingest.reading.claimer import PartitionClaimer
from ingest.reading.limits import Limits
from ingest.reading.openconsumer import open_consumer
from ingest.reading.positions import GapError
from ingest.reading.progressreport import ProgressReport
from ingest.reading.writepriority import WritePriority
from ingest.retry import backoff
from ingest.watchdog import Watchdog
from ingest.writing.deadlettersender import open_dead_letters
from ingest.writing.store import DatabaseStore
from schemas.runtime.exits import DONE, FAILED
from schemas.settings import DatabaseSettings, IngestSettings, KafkaSettings

log = structlog.get_logger("ingest")

STOPS: Final = (signal.SIGTERM, signal.SIGINT)
# To leave the group and close connections, after the current batch.
CLOSING_S: Final = 5.0


def run(
    database: DatabaseSettings,
    kafka: KafkaSettings,
    ingest: IngestSettings,
    *,
    accept_gap: bool,
    skip_unreadable: bool,
) -> int:
    """Ingests until SIGTERM or SIGINT; returns the exit status.

    `accept_gap` and `skip_unreadable` are the operator's consent to lose unavailable records.
    """
    try:
        server, _ = start_http_server(ingest.metrics_port, ingest.metrics_host)
    except OSError as error:
        address = f"{ingest.metrics_host}:{ingest.metrics_port}"
        log.error(
            "cannot serve metrics",
            address=address,
            error=error.strerror,
            hint="stop the process that uses this port, or set FLEETGAUGE_METRICS_PORT",
        )
        return FAILED
    _reduce_garbage_collection()
    try:
        return asyncio.run(
            _run(database, kafka, ingest, accept_gap=accept_gap, skip_unreadable=skip_unreadable)
        )
    except (GapError, TopicError) as error:
        log.error(str(error))
        return FAILED
    except KafkaError as error:
        log.error("the Kafka broker is unavailable", error=sentence(error), hint=HINT_KAFKA)
        return FAILED
    except Exception as error:
        # A traceback may hold user data: it is logged at debug level only.
        log.error("ingest failed", error=f"{type(error).__name__}: {sentence(error)}")
        log.debug("traceback", exc_info=True)
        return FAILED
    finally:
        server.shutdown()


def _reduce_garbage_collection() -> None:
    # Tens of thousands of queued records, none in a reference cycle: with Python's default
    # threshold, the collector takes a third of the fetch time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


async def _run(
    database: DatabaseSettings,
    kafka: KafkaSettings,
    ingest: IngestSettings,
    *,
    accept_gap: bool,
    skip_unreadable: bool,
) -> int:
    work = asyncio.create_task(
        _ingest(database, kafka, ingest, accept_gap=accept_gap, skip_unreadable=skip_unreadable)
    )
    stop = asyncio.create_task(_signalled())
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        work.cancel()
        await asyncio.wait({work}, timeout=ingest.drain_timeout_ms / 1000 + CLOSING_S)
        if not work.done():
            log.warning("stopped without leaving the consumer group: a server does not respond")
            # Closing the event loop would wait for the same hanging task.
            os._exit(DONE)
    stop.cancel()
    with suppress(asyncio.CancelledError):
        await work
    log.info("stopped")
    return DONE


async def _signalled() -> None:
    """Returns at SIGTERM or SIGINT; a second signal ends the process immediately."""
    signalled = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOPS:
        loop.add_signal_handler(number, signalled.set)
    await signalled.wait()
    for number in STOPS:
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)


async def _ingest(
    database: DatabaseSettings,
    kafka: KafkaSettings,
    ingest: IngestSettings,
    *,
    accept_gap: bool,
    skip_unreadable: bool,
) -> None:
    await _check_topics(kafka, database)
    limits = Limits.of(database, kafka, ingest)
    async with (
        open_pool(database) as pool,
        open_dead_letters(kafka) as dead_letters,
    ):
        claimer = PartitionClaimer(pool, limits.patience_s, accept_gap=accept_gap)
        watchdog = Watchdog(limits.stall_s)
        progress = ProgressReport(watchdog.reassure)
        async with (
            open_consumer(kafka, ingest, skip_unreadable=skip_unreadable) as consumer,
            watchdog.watching(),
        ):
            priority = WritePriority()
            store = DatabaseStore(pool, limits, priority)
            pipeline = Pipeline(consumer, store, dead_letters, claimer, limits, progress, priority)
            consumer.subscribe([kafka.samples_topic, kafka.events_topic])
            # Often enough to detect an unavailable database before the watchdog's timeout.
            heartbeat_s = min(PERIOD_S, limits.stall_s / 4)
            upkeep = Upkeep(database, ingest.upkeep_interval)
            refresh = RefreshJob(database, Frontier(kafka).find, ingest.refresh_interval)
            watch = ConflictWatch(pool, kafka, ingest.consumer_group, consumer)
            tasks = {
                asyncio.create_task(insert_heartbeats(pool, watchdog.reassure, heartbeat_s)),
                asyncio.create_task(upkeep.run()),
                asyncio.create_task(refresh.run()),
                asyncio.create_task(AgentSummary(database).run()),
                asyncio.create_task(watch.run()),
                asyncio.create_task(TopicWatch(kafka).run()),
                asyncio.create_task(progress.run(consumer)),
                asyncio.create_task(pipeline.run()),
            }
            log.info("ingest runs", group=ingest.consumer_group)
            try:
                # A task ends only with an exception.
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            except asyncio.CancelledError:
                log.info("stopping")
                raise
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)


async def _check_topics(kafka: KafkaSettings, database: DatabaseSettings) -> None:
    delays = backoff()
    while True:
        try:
            await check_topics(kafka)
            await check_reread(kafka, database)
            return
        except KafkaError as error:
            delay = next(delays)
            log.warning(
                "Kafka cannot be used, will try again",
                bootstrap=kafka.kafka_bootstrap,
                error=sentence(error),
                delay_s=round(delay, 2),
            )
            await asyncio.sleep(delay)
