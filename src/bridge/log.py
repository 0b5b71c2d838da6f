"""Logging: one event a line, for people on a console or as JSON for a log store."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logging(level: str, form: str) -> None:
    """Logs to standard error from `level` on; `form` is `console` or `json`. Libraries' warnings go the same way."""
    number = logging.getLevelNamesMapping()[level.upper()]
    libraries = max(number, logging.WARNING)
    logging.basicConfig(stream=sys.stderr, level=libraries, format="%(levelname)s %(name)s: %(message)s")
    # They tell of every retry and every skipped turn; what matters of that the bridge tells itself.
    for library in ("urllib3", "apscheduler"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
