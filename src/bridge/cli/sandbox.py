"""`sandbox`: a small Redmine and a small incident system on loopback, to try things on."""

from __future__ import annotations

from typing import Annotated

import typer

from bridge.cli.output import say
from bridge.sandbox import serve


def sandbox(
    redmine_port: Annotated[int, typer.Option(help="0 picks a free one.")] = 0,
    itsm_port: Annotated[int, typer.Option(help="0 picks a free one.")] = 0,
    redmine_version: Annotated[str, typer.Option(help="The version that is played.")] = "5.0",
) -> None:
    """Serves the sandbox until Ctrl-C; prints its addresses and keys."""
    serve("127.0.0.1", redmine_port, itsm_port, redmine_version=redmine_version, say=say)
