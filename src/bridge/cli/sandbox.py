"""`sandbox`: a small Redmine and a small incident system on loopback, to try things on."""

from __future__ import annotations

from typing import Annotated

import typer

from bridge.cli.output import say
from bridge.model.errors import ConfigurationError, Problem
from bridge.sandbox import VERSIONS, serve

Port = Annotated[int, typer.Option(min=0, max=65_535, help="0 picks a free one.")]


def sandbox(
    redmine_port: Port = 0,
    itsm_port: Port = 0,
    redmine_version: Annotated[str, typer.Option(help=f"The version that is played: {', '.join(VERSIONS)}.")] = "5.0",
) -> None:
    """Serves the sandbox until Ctrl-C; prints its addresses and keys."""
    if redmine_version not in VERSIONS:
        what = f"“{redmine_version[:20]}” is not played here; there are {', '.join(VERSIONS)}"
        raise typer.BadParameter(what, param_hint="--redmine-version")
    try:
        serve("127.0.0.1", redmine_port, itsm_port, redmine_version=redmine_version, say=say)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        what, advice = f"cannot be listened at: {error.strerror or error}", "choose another port, or 0 for a free one"
        raise ConfigurationError([Problem(str(error.filename or "sandbox"), what, advice)]) from None
