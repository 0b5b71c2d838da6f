"""Options that every source over HTTP has."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from bridge.secret_files import first_line, misplaced

STRICT = ConfigDict(extra="forbid", frozen=True)


class ConnectionOptions(BaseModel):
    """How to reach a server. Times are in seconds and hold for each request; the queue's lease is longer."""

    model_config = STRICT

    connect_timeout: float = Field(5, gt=0)
    read_timeout: float = Field(30, gt=0)
    total_timeout: float = Field(120, gt=0)
    """The longest a whole answer may take to arrive."""
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    use_environment: bool = False
    """Whether proxy and certificate settings of the process environment apply."""
    pool_size: int = Field(8, ge=1)


def read_secret(value: SecretStr | None, file: Path | None, where: str) -> str:
    """A secret given directly or as the first line of a file.

    Raises ConfigurationError when neither is there or the file cannot be read.
    """
    if value is not None:
        return value.get_secret_value()
    text = first_line(file, where) if file else ""
    if not text:
        what = f"the secret file {file} is empty" if file else "no secret is given"
        source, _, key = where.removeprefix("source ").partition(": ")
        raise misplaced(where, what, ways_to_give(source, key))
    return text


def ways_to_give(source: str, key: str) -> str:
    """The keys and the variable by which a source's secret can be given."""
    variable = "__".join(["BRIDGE_SOURCES", source.replace("-", "_"), *key.split(".")]).upper()
    return f"give {key}_file (or {key}) of the source, or {variable} in the environment"
