"""The log on stderr: readable text on a terminal, otherwise one JSON object per line."""

import logging
import os
import sys

import msgspec
import structlog


def configure(level: str) -> None:
    """Logs lines of all libraries from `level` on."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer()],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # aiokafka logs its own retries as errors; ingest logs those that matter.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _renderer() -> structlog.typing.Processor:
    if sys.stderr.isatty():
        return structlog.dev.ConsoleRenderer(colors=_takes_colours())
    return structlog.processors.JSONRenderer(serializer=_json)


def _takes_colours() -> bool:
    """By no-color.org: any value of NO_COLOR but an empty one disables colours."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in {None, "dumb"}


def _json(event: object, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
