"""Why a store cannot be used, in a person's words: rights, a full disk, a server that went away."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError

from bridge.model.errors import RemoteUnavailable

READ_ONLY = 8
SQLITE_REASONS = frozenset({READ_ONLY, 3, 10, 11, 13, 14, 26})
"""Result codes: no permission, input or output error, damaged, full, cannot be opened, no database."""
POSTGRESQL_REASONS = frozenset({"25006", "42501"})
"""SQLSTATE of a read-only server and a missing right; lost connections and full disks have a class of their own."""
_ADVICE = "Nothing of this transaction was stored; it can be tried again once that is mended."


class StoreUnusable(RemoteUnavailable):
    """The store cannot be read or written now; says nothing about the system an effect is for."""


@contextmanager
def told_plainly(url: URL, of: type[Exception] | tuple[type[Exception], ...], *, writes: bool) -> Iterator[None]:
    """Raises StoreUnusable, without statement and values, for what the store refuses whatever is asked of it.

    Without `writes`, that it may not be written stays a fault of the program.
    """
    try:
        yield
    except of as error:
        if isinstance(error, DBAPIError) and not _is_of_the_store(url, error, writes=writes):
            raise
        lacking = lacking_rights(url)
        what = f"cannot be used: {cause_of(error)}." + (f" {lacking}." if lacking else "")
        raise StoreUnusable(f"store {url.render_as_string(hide_password=True)}", what, _ADVICE) from error


def cause_of(error: Exception) -> str:
    """What the database or system itself said, on one line, without statement and values."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def lacking_rights(url: URL) -> str:
    """Which of a SQLite store's files, or its folder, this process may not write, and whose it is; "" for none."""
    if url.get_backend_name() != "sqlite":
        return ""
    store = Path(url.database or "")
    files = [store.with_name(store.name + end) for end in ("", "-wal", "-shm", ".lock")]
    for path in [*files, store.parent]:
        if path.exists() and not os.access(path, os.W_OK):
            kind = "folder" if path.is_dir() else "file"
            return f"The {kind} {path} {_whose(path)} and may not be written by {_ourselves()}"
    return ""


def missing_folder(url: URL) -> Path | None:
    """The folder that a SQLite store's file would be in, when it is not there."""
    if url.get_backend_name() != "sqlite":
        return None
    folder = Path(url.database or "").absolute().parent
    return None if folder.exists() else folder


def _whose(path: Path) -> str:
    try:
        owner = path.owner()
    except KeyError:
        owner = f"user {path.stat().st_uid}"
    return f"belongs to {owner} (mode {path.stat().st_mode & 0o7777:o})"


def _ourselves() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _is_of_the_store(url: URL, error: DBAPIError, *, writes: bool) -> bool:
    if url.get_backend_name() == "sqlite":
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        return code in SQLITE_REASONS and (writes or code != READ_ONLY)
    refused = getattr(error.orig, "sqlstate", "") in POSTGRESQL_REASONS
    return isinstance(error, OperationalError) or (writes and refused)
