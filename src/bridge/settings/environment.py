"""What the environment and a folder of secrets say about the settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NestedSecretsSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from bridge.model.errors import Problem
from bridge.yamlfile import Marked, Path, did_you_mean

PREFIX = "BRIDGE_"
DELIMITER = "__"
SECRETS_FOLDER = "secrets_folder"


class Names(BaseSettings):
    """What can be said outside the file, by the same names: `BRIDGE_REDMINE__API_KEY`, in a folder `redmine__api_key`.

    A source is named, not numbered: `BRIDGE_SOURCES__RT__TOKEN` is the token of the source `rt`; a hyphen in its name
    becomes an underscore.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=DELIMITER, env_ignore_empty=True)

    instance: str = ""
    store: dict[str, Any] = {}
    redmine: dict[str, Any] = {}
    sources: dict[str, dict[str, Any]] = {}
    rules: list[str] = []
    directory: str = ""
    templates: str = ""
    language: str = ""
    poll_seconds: str = ""
    workers: str = ""
    hooks: dict[str, Any] = {}
    notify: dict[str, Any] = {}
    clock: str = ""
    log: dict[str, Any] = {}


class _Environment(EnvSettingsSource):
    """Takes lists and mappings in JSON, and everything else as the text it is: a password may be a number."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """The value, decoded where it is written as a list or mapping."""
        decoded = super().decode_complex_value(field_name, field, value)
        return decoded if isinstance(decoded, list | dict) else value


class _SecretFiles(NestedSecretsSettingsSource, _Environment):
    """The same for a folder of files."""


def overlaid(marked: Marked, folder: FilePath) -> tuple[Marked, list[Problem]]:
    """The settings file with the secret files over it and the environment over both, each value with its origin."""
    problems: list[Problem] = _misspelt()
    variable = PREFIX + SECRETS_FOLDER.upper()
    named = os.environ.get(variable)
    asked = named or marked.data.get(SECRETS_FOLDER)
    if isinstance(asked, str):
        secrets = folder / asked
        if secrets.is_dir():
            said, found = _read(lambda: _secret_files(secrets), f"secret files in {secrets}")
            marked, unknown = _merged(marked, said, "secret file ")
            problems += found + unknown
        elif named:
            problems.append(Problem(f"environment {variable}", f"the folder {secrets} is not there"))
        else:
            problems.append(marked.problem((SECRETS_FOLDER,), f"the folder {secrets} is not there"))
    said, found = _read(lambda: _Environment(Names), "environment")
    marked, unknown = _merged(marked, said, f"environment {PREFIX}")
    return marked, [*problems, *found, *unknown]


def _secret_files(folder: FilePath) -> _SecretFiles:
    os.scandir(folder).close()  # the source would take one that cannot be read for an empty one
    source = SecretsSettingsSource(Names, secrets_dir=folder)
    return _SecretFiles(source, secrets_prefix="", secrets_nested_delimiter=DELIMITER)


def _read(source: Callable[[], EnvSettingsSource], origin: str) -> tuple[dict[str, Any], list[Problem]]:
    """What a source says, nested; what it cannot read is told without its value, which may be a secret."""
    try:
        return source()(), []
    except SettingsError as error:
        advice = "write single values, such as BRIDGE_REDMINE__URL, or JSON"
        return {}, [Problem(origin, f"cannot be read: {str(error).partition(' from source')[0]}", advice)]
    except (OSError, ValueError) as error:
        return {}, [Problem(origin, f"cannot be read: {type(error).__name__}", "check that it is text, and the rights")]


def _merged(marked: Marked, said: Mapping[str, Any], origin: str) -> tuple[Marked, list[Problem]]:
    origins: dict[Path, str] = dict(marked.origins)
    problems: list[Problem] = []
    upper = origin.endswith(PREFIX)

    def named(names: tuple[str, ...]) -> str:
        name = DELIMITER.join(names)
        return origin + (name.upper() if upper else name)

    def over(base: Any, value: Any, path: Path, names: tuple[str, ...]) -> Any:
        if not isinstance(value, Mapping):
            origins[path] = named(names)
            return value
        mine = dict(base) if isinstance(base, Mapping) else {}
        for variable, inner in value.items():
            key = _spelt(mine, variable)
            mine[key] = over(mine.get(key), inner, (*path, key), (*names, variable))
        return mine

    data = dict(marked.data)
    for name, value in said.items():
        if name != "sources":
            data[name] = over(data.get(name), value, (name,), (name,))
            continue
        entries, found = data.get(name), _numbers(data.get(name))
        for source, options in value.items():
            if source in found:
                entries = [*entries] if entries else []
                entries[found[source]] = over(entries[found[source]], options, (name, found[source]), (name, source))
            else:
                what = f"no source is called “{source}”"
                problems.append(Problem(named((name, source)) + DELIMITER + "…", what, did_you_mean(source, found)))
        if name in data:
            data[name] = entries
    return replace(marked, data=data, origins=origins), problems


def _spelt(known: Mapping[Any, Any], variable: str) -> str:
    """The key that a variable means: it cannot spell hyphens."""
    if variable in known:
        return variable
    return next((key for key in known if str(key).lower().replace("-", "_") == variable), variable)


def _numbers(entries: Any) -> dict[str, int]:
    """Where each source stands in the list, by its name as a variable spells it."""
    listed = entries if isinstance(entries, list) else []
    named = {n: entry["name"] for n, entry in enumerate(listed) if isinstance(entry, dict) and "name" in entry}
    return {str(name).lower().replace("-", "_"): n for n, name in named.items()}


def _misspelt() -> list[Problem]:
    """Variables that look like settings and are none; others with the prefix may be somebody else's."""
    known = {PREFIX + name.upper() for name in Names.model_fields}
    problems = []
    for variable in sorted(os.environ):
        head = variable.split(DELIMITER)[0]
        if variable.startswith(PREFIX) and head not in known:
            advice = did_you_mean(head, known)
            if advice.startswith("did you mean") and DELIMITER in variable:
                problems.append(Problem(f"environment {variable}", "is no setting", advice, "warning"))
    return problems
