"""Settings: the file, secret files over it, the environment over both."""

from __future__ import annotations

import os
import pickle
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bridge.configuration import load_with_warnings
from bridge.model.incident import State
from bridge.settings import Loaded, load_settings
from bridge.sources.file.options import FileOptions
from bridge.sources.rt.options import RtOptions

CONFIG = Path(__file__).parents[3] / "config"
MINIMAL: dict[str, Any] = {
    "version": 1,
    "redmine": {"url": "http://127.0.0.1:3000", "parent_project": "ops", "api_key": "from-file"},
    "sources": [{"name": "rt-eu", "kind": "rt", "url": "http://127.0.0.1:8080", "token": "from-file"}],
}

# a key with its value that is commented out, not prose
COMMENTED = re.compile(r"^( *)# ([a-z_]+: [^`]*)$")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BRIDGE_")]:
        monkeypatch.delenv(name)


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "bridge.yaml"
    path.write_text(yaml.safe_dump(MINIMAL | changes))
    return path


def loaded(folder: Path, **changes: Any) -> Loaded:
    result, problems = load_settings(written(folder, **changes))
    assert problems == []
    assert result is not None
    return result


def key(result: Loaded) -> str:
    secret = result.settings.redmine.api_key
    return secret.get_secret_value() if secret else ""


def token(result: Loaded) -> str:
    options = result.sources[0].options
    assert isinstance(options, RtOptions)
    return options.token.get_secret_value() if options.token else ""


def test_a_minimal_file_has_sensible_defaults(tmp_path: Path) -> None:
    result = loaded(tmp_path)
    plain = result.settings
    assert (plain.instance, plain.language, plain.clock, plain.poll_seconds) == ("prod", "en", "system", 60)
    assert plain.store.url == f"sqlite:///{tmp_path}/bridge.sqlite3"
    assert plain.redmine.delivered_statuses == ("Closed",)
    assert plain.redmine.refused_statuses == ("Rejected",)
    assert plain.redmine.statuses["Feedback"] is State.ON_HOLD
    assert plain.redmine.write_statuses[State.RESOLVED] == "Closed"
    assert [(one.name, one.kind, one.start_from) for one in result.sources] == [("rt-eu", "rt", None)]


def test_the_environment_wins_over_secret_files_and_these_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (key(loaded(tmp_path)), token(loaded(tmp_path))) == ("from-file", "from-file")
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "redmine__api_key").write_text("from-secrets\n")
    (secrets / "sources__rt_eu__token").write_text("from-secrets\n")
    result = loaded(tmp_path, secrets_folder="secrets")
    assert (key(result), token(result)) == ("from-secrets", "from-secrets")
    monkeypatch.setenv("BRIDGE_REDMINE__API_KEY", "from-environment")
    monkeypatch.setenv("BRIDGE_SOURCES__RT_EU__TOKEN", "from-environment")
    result = loaded(tmp_path, secrets_folder="secrets")
    assert (key(result), token(result)) == ("from-environment", "from-environment")


@pytest.mark.parametrize("secret", ["1234567890123456", "1e5", "true", "null", '"q"', "[x"])
def test_a_secret_that_looks_like_something_else_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    """A shell takes quotes away: nobody could say in the environment that a number is a password."""
    mail = {"kind": "email", "host": "smtp.example.com", "login": "b", "sender": "bridge@example.com"}
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "notify__channels__mail__password").write_text(secret)
    monkeypatch.setenv("BRIDGE_REDMINE__API_KEY", secret)
    monkeypatch.setenv("BRIDGE_SOURCES__RT_EU__TOKEN", secret)
    monkeypatch.setenv("BRIDGE_NOTIFY__CHANNELS__PAGER__PASSWORD", secret)
    channels = {"channels": {"mail": mail, "pager": mail}}
    result = loaded(tmp_path, secrets_folder="secrets", notify=channels)
    passwords = [channel.password.get_secret_value() for channel in result.settings.notify.channels.values()]
    assert [key(result), token(result), *passwords] == [secret] * 4


def test_the_environment_may_name_the_folder_of_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a container or a service manager that hands secrets over in a folder of its own does; it wins, too."""
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "store__url").write_text(f"postgresql://bridge:{name}@db/bridge\n")
    monkeypatch.setenv("BRIDGE_SECRETS_FOLDER", str(tmp_path / "there"))
    assert loaded(tmp_path, secrets_folder="here").settings.store.url == "postgresql://bridge:there@db/bridge"
    monkeypatch.setenv("BRIDGE_SECRETS_FOLDER", str(tmp_path / "nowhere"))
    result, problems = load_settings(written(tmp_path, secrets_folder="here"))
    assert result is None
    assert [str(one) for one in problems] == [
        f"environment BRIDGE_SECRETS_FOLDER: the folder {tmp_path}/nowhere is not there"
    ]


def test_a_variable_changes_its_own_value_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_REDMINE__TRACKERS__ROOT", "Bug")
    monkeypatch.setenv("BRIDGE_SOURCES__RT_EU__FIELDS__SERVICE", "CF.Dienst")
    monkeypatch.setenv("BRIDGE_LOG__LEVEL", "debug")
    monkeypatch.setenv("BRIDGE_POLL_SECONDS", "5")
    monkeypatch.setenv("BRIDGE_LANGUAGE", "")
    monkeypatch.setenv("BRIDGE_RULES", '["a/*.yaml", "b.yaml"]')
    redmine = MINIMAL["redmine"] | {"trackers": {"root": "Feature", "task": "Task"}}
    result = loaded(tmp_path, redmine=redmine, log={"format": "json"}, language="zh")
    plain = result.settings
    assert (plain.redmine.trackers.root, plain.redmine.trackers.task) == ("Bug", "Task")
    assert (plain.log.level, plain.log.format) == ("debug", "json")
    assert (plain.poll_seconds, plain.language) == (5, "zh")
    assert plain.rules == (f"{tmp_path}/a/*.yaml", f"{tmp_path}/b.yaml")
    options = result.sources[0].options
    assert isinstance(options, RtOptions)
    assert (options.fields.service, options.fields.person) == ("CF.Dienst", "Owner")


def test_paths_count_from_the_file(tmp_path: Path) -> None:
    for name in ("key", "token", "ca.pem"):
        (tmp_path / name).write_text("secret\n")
    rt = {"name": "rt", "kind": "rt", "url": "http://x", "token_file": "token", "ca_file": "ca.pem"}
    columns = {"id": "n", "opened_at": "o", "updated_at": "u", "state": "s"}
    history = {"name": "history", "kind": "file", "path": "in/*.csv", "columns": columns, "states": {"New": "new"}}
    redmine = {"url": "http://x", "parent_project": "ops", "api_key_file": "key"}
    result = loaded(
        tmp_path,
        redmine=redmine,
        sources=[rt, history],
        store={"url": "sqlite:///data/b.sqlite3"},
        templates="own",
        directory="people.yaml",
    )
    plain = result.settings
    assert plain.redmine.key() == "secret"
    assert plain.store.url == f"sqlite:///{tmp_path}/data/b.sqlite3"
    assert (plain.templates, plain.directory) == (tmp_path / "own", tmp_path / "people.yaml")
    first, second = (one.options for one in result.sources)
    assert isinstance(first, RtOptions)
    assert isinstance(second, FileOptions)
    assert (first.token_file, first.ca_file) == (tmp_path / "token", tmp_path / "ca.pem")
    assert second.path == str(tmp_path / "in/*.csv")


@pytest.mark.parametrize("url", ["sqlite:////var/lib/b.sqlite3", "postgresql://me@db/bridge"])
def test_other_stores_stay_as_they_are_written(tmp_path: Path, url: str) -> None:
    assert loaded(tmp_path, store={"url": url}).settings.store.url == url


def test_an_address_of_a_store_that_is_none(tmp_path: Path) -> None:
    """Its place and what would be right; not the password."""
    path = written(tmp_path, store={"url": "postgresql://me:geheim@127.0.0.1:notaport/x"})
    found, (problem,) = load_settings(path)
    assert found is None
    assert re.search(r"bridge\.yaml:\d+:\d+$", problem.where)
    assert "is no database's address: is the port a number?" in problem.what
    assert "geheim" not in str(problem)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", None),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T08:00:00+02:00", datetime(2026, 1, 31, 6, tzinfo=UTC)),
    ],
)
def test_where_a_source_starts(tmp_path: Path, text: str, moment: datetime | None) -> None:
    (result,) = loaded(tmp_path, sources=[MINIMAL["sources"][0] | {"start_from": text}]).sources
    assert result.start_from == moment


@pytest.mark.parametrize(
    "clock", ["system", "http://127.0.0.1:9/_control/clock", "http://localhost:9/", "http://[::1]/"]
)
def test_a_clock_on_this_machine(tmp_path: Path, clock: str) -> None:
    assert loaded(tmp_path, clock=clock).settings.clock == clock


def test_secrets_are_in_no_text_that_the_settings_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in what is printed, nor in what is dumped as JSON, with secrets from all three places."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "sources__rt_eu__token").write_text("hunter2")
    monkeypatch.setenv("BRIDGE_REDMINE__API_KEY", "hunter2")
    second = {"name": "two", "kind": "rt", "url": "http://x", "token": "hunter2"}
    result = loaded(
        tmp_path,
        secrets_folder="secrets",
        sources=[*MINIMAL["sources"], second],
        store={"url": "postgresql://me:hunter2@db/bridge"},
    )
    assert (key(result), token(result)) == ("hunter2", "hunter2")
    texts = [
        repr(result),
        str(result),
        str(result.settings),
        *(one.options.model_dump_json() for one in result.sources),
    ]
    texts.append(result.settings.model_dump_json(exclude={"store"}))
    assert "hunter2" not in "".join(texts)


def test_a_secret_survives_where_it_is_needed(tmp_path: Path) -> None:
    copy = pickle.loads(pickle.dumps(loaded(tmp_path).settings.redmine))
    assert copy.api_key == SecretStr("from-file")


def test_a_secret_file_that_is_no_text(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "redmine__api_key").write_bytes(b"\xff\xfe")
    result, problems = load_settings(written(tmp_path, secrets_folder="secrets"))
    assert result is None
    assert [problem.what for problem in problems] == ["cannot be read: UnicodeDecodeError"]


def test_a_folder_of_secrets_that_cannot_be_read_is_told() -> None:
    """It is not taken for an empty one, whose message would send people to the wrong place."""
    with tempfile.TemporaryDirectory() as name:
        folder, mine = Path(name), os.geteuid()
        folder.chmod(0o755)
        secrets = folder / "secrets"
        secrets.mkdir(mode=0o000)
        config = written(folder, secrets_folder="secrets")
        config.chmod(0o644)
        if mine == 0:
            os.seteuid(65534)  # root may read everything
        try:
            result, problems = load_settings(config)
        finally:
            os.seteuid(mine)
    assert result is None
    assert [str(one) for one in problems] == [
        f"secret files in {secrets}: cannot be read: PermissionError (check that it is text, and the rights)"
    ]


def test_other_programs_variables_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_REAL", "required")
    monkeypatch.setenv("BRIDGE_CONFIG", "elsewhere.yaml")
    monkeypatch.setenv("BRIDGE_SOAK_KILLS", "5")
    loaded(tmp_path)


def test_the_example_loads_with_everything_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_REDMINE__API_KEY", "key")
    monkeypatch.setenv("BRIDGE_SOURCES__RT__TOKEN", "token")
    configuration, problems = load_with_warnings(CONFIG / "bridge.yaml")
    assert problems == []
    assert configuration is not None
    assert [rule.id for rule in configuration.rules.rules] == ["router-cpu"]


def test_what_the_example_comments_out_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every commented key is known and its value is fine."""
    monkeypatch.setenv("BRIDGE_REDMINE__API_KEY", "key")
    monkeypatch.setenv("BRIDGE_SOURCES__RT__TOKEN", "token")
    text = (CONFIG / "bridge.yaml").read_text()
    lines = [COMMENTED.sub(r"\1\2", line) for line in text.splitlines()]
    assert len(set(lines) - set(text.splitlines())) > 15
    path = tmp_path / "bridge.yaml"
    path.write_text("\n".join(lines))
    (tmp_path / "ca.pem").write_text("")
    result, problems = load_settings(path)
    assert problems == []
    assert result is not None
    assert result.settings.redmine.correlation_field == "ITSM incident"
    assert result.settings.redmine.trackers.root == "Feature"
    assert result.settings.redmine.requests_per_second == 5


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["rt", "http", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "kind", "url", "token", "root", "New", "states"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*MINIMAL, "store", "rules", "clock", "secrets_folder", "log", "x"]), values))
def test_loading_never_raises(tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("settings") / "bridge.yaml"
    path.write_text(yaml.safe_dump(MINIMAL | changes, allow_unicode=True))
    result, problems = load_settings(path)
    assert (result is None) == any(problem.severity == "error" for problem in problems)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"language": "fr"}, "there are no texts in “fr”"),
        ({"sla": {"policies": ["slow.yaml"]}}, "no file of policies was found"),
        ({"templates": "nowhere"}, "there is no folder"),
        ({"nomination": {"template": "standard-projct"}}, "there is no template “standard-projct”"),
    ],
)
def test_what_is_found_in_other_files_only_is_told_with_its_place(
    tmp_path: Path, changes: dict[str, Any], what: str
) -> None:
    (tmp_path / "directory.yaml").write_text((CONFIG / "directory.yaml").read_text().replace("{rt: ", "{rt-eu: "))
    path = written(tmp_path, **changes)
    configuration, problems = load_with_warnings(path)
    assert configuration is None
    (problem,) = [one for one in problems if one.severity == "error"]
    assert what in problem.what
    assert problem.advice
    number = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if line.startswith(next(iter(changes))))
    assert re.fullmatch(rf"{re.escape(str(path))}:({number}|{number + 1}|{number + 2}):\d+", problem.where)


def test_a_mistake_in_a_source_is_not_told_again_where_the_source_is_named(tmp_path: Path) -> None:
    sources = [MINIMAL["sources"][0] | {"urll": "http://x"}]
    hooks = {"sources": {"rt-eu": {"secret": "0123456789abcdef"}}}
    result, problems = load_settings(
        written(tmp_path, sources=sources, hooks=hooks, notes={"sources": {"rt-eu": "plain"}})
    )
    assert result is None
    assert [problem.what for problem in problems] == ["unknown key “urll”"]
