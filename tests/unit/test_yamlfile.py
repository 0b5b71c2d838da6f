"""Reading YAML 1.2 with places, and saying what is wrong with it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from bridge.model.errors import Problem
from bridge.yamlfile import Marked, did_you_mean, load, parse, refused, validate


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mode(StrEnum):
    OFF = "off"
    AUTO = "auto"


class Basic(Strict):
    type: Literal["basic"]
    user: str


class Token(Strict):
    type: Literal["token"]
    token: SecretStr


class Item(Strict):
    name: str
    size: int = Field(1, ge=1)
    labels: tuple[str, ...] = ()

    @field_validator("name")
    @classmethod
    def _no_blank(cls, name: str) -> str:
        if " " in name:
            raise refused("has a blank", "use a dash")
        return name


class Shop(Strict):
    version: Literal[1]
    mode: Mode = Mode.AUTO
    open: bool = True
    since: date | None = None
    secret: SecretStr = SecretStr("")
    items: tuple[Item, ...] = Field((), max_length=3)
    auth: Annotated[Basic | Token, Field(discriminator="type")] | None = None
    notes: dict[str, str] = Field(default_factory=dict)


def read(text: str) -> Marked:
    marked, problems = parse(text, "f.yaml")
    assert problems == []
    assert marked is not None
    return marked


def texts(problems: list[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


def check(text: str) -> list[str]:
    marked, problems = parse(text, "f.yaml")
    return texts(problems if marked is None else validate(Shop, marked)[1])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("off", "off"),
        ("12:30", "12:30"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("Null", None),
        ("2026-01-31", "2026-01-31"),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("=", "="),
        ("14d", "14d"),
    ],
)
def test_plain_values_are_what_yaml_1_2_says(text: str, value: Any) -> None:
    got = read(f"a: {text}").data["a"]
    assert (type(got), got) == (type(value), value)


def test_keys_are_texts_as_written() -> None:
    assert list(read("1: a\nno: b\n~: c\n'x y': d").data) == ["1", "no", "~", "x y"]


def test_every_value_and_key_has_its_place() -> None:
    marked = read("a: 1\nb:\n  - {c: x, d: y}\n")
    assert marked.where(("b", 0, "d")) == "f.yaml:3:15"
    assert marked.where(("b", 0, "d"), key=True) == "f.yaml:3:12"
    assert marked.where(("b", 0, "gone")) == "f.yaml:3:5"
    assert marked.where(()) == "f.yaml:1:1"


def test_a_merge_of_files_names_the_origin_of_a_value() -> None:
    marked = Marked({"a": {"b": 1}}, "f.yaml", {(): (1, 1)}, origins={("a",): "environment BRIDGE_A"})
    assert marked.where(("a", "b")) == "environment BRIDGE_A"


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "\n".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(8)
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "f.yaml:1:1: the file is empty (write `key: value` lines)"),
        ("- 1", "f.yaml:1:1: the file must be a mapping at its top level (write `key: value` lines)"),
        (
            "a: 1\n---\nb: 2",
            "f.yaml:2:1: is not valid YAML: expected a single document in the stream: but found another",
        ),
        (
            "a:\n  b: 1\n c: 2",
            "f.yaml:3:2: is not valid YAML: while parsing a block mapping: did not find expected key",
        ),
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1: the key “a” stands here a second time (the first one is at 1:1; remove one)"),
        ("a: {b: 1, 'b': 2}", "f.yaml:1:11: the key “b” stands here a second time"),
        ("<<: {a: 1}", "f.yaml:1:1: merge keys (<<) are not part of YAML 1.2"),
        ("? [1]\n: 2", "f.yaml:1:3: a key must be a text, not a list or mapping"),
        ("a: !!python/name:os.system x", "f.yaml:1:4: has a tag (!…) that is not known"),
        ("a: !!int x", "f.yaml:1:4: is not of the type that its tag says"),
        ("a: !!map [x]", "f.yaml:1:4: has a tag (!…) that is not known or does not fit"),
        ("a: " + "9" * 50, "f.yaml:1:4: is too long for a number (put it in quotes)"),
        ("a: &x [*x]", "f.yaml:1:4: is nested more than 50 levels deep (an alias may contain itself)"),
        ("a: " + "[" * 100_000, "f.yaml:1:53: is nested more than 50 levels deep"),
        (BOMB, "has more than 200000 values, aliases counted where they are used"),
        ("a: 1\nb: x\0y", "f.yaml:2:5: holds the control character U+0000 (remove it, or check"),
        ("a: \ud800", "f.yaml:1:4: holds the control character U+D800"),
        ("a: " + "x" * 3_000_000, "f.yaml: is larger than 2 MiB (split it into several files)"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, problem: str) -> None:
    marked, problems = parse(text, "f.yaml")
    assert marked is None
    assert len(problems) == 1
    assert problem in str(problems[0])


def test_all_duplicate_keys_are_reported_at_once() -> None:
    assert len(parse("a: 1\na: 2\nb: {c: 1, c: 2}", "f.yaml")[1]) == 2


@pytest.mark.parametrize("line", ["a: *hunter2", "a: !hunter2", "a: 'hunter2", "a: {hunter2", "a: hunter2: x"])
def test_a_password_that_breaks_the_syntax_is_not_shown(line: str) -> None:
    problems = parse(line, "f.yaml")[1]
    assert len(problems) == 1
    assert "hunter2" not in str(problems[0])


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"a: 1\nb: \xff\xfe", ":2:4: is not UTF-8 text (save the file as UTF-8)"),
        (b"a: 1\n" + b"#" * 3_000_000, ": is larger than 2 MiB (split it into several files)"),
        (b"\xff" * 3_000_000, ": is larger than 2 MiB (split it into several files)"),
    ],
)
def test_a_file_that_is_not_text(tmp_path: Path, raw: bytes, problem: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(raw)
    assert texts(load(path)[1]) == [f"{path}{problem}"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in str(load(tmp_path / "gone.yaml")[1][0])
    assert "cannot be read" in str(load(tmp_path)[1][0])
    assert "cannot be read" in str(load(tmp_path / "a\0b")[1][0])


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes("é: 1".encode("utf-8-sig"))
    marked, _ = load(path)
    assert marked is not None
    assert marked.data == {"é": 1}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("mode: auto", ["f.yaml:1:1: “version” is missing"]),
        ("version: 2", ["f.yaml:1:10: “version” cannot be 2 (possible: 1)"]),
        ("version: 1\nmode: atuo", ["f.yaml:2:7: “mode” cannot be “atuo” (did you mean “auto”?)"]),
        ("version: 1\nMode: auto", ["f.yaml:2:1: unknown key “Mode” (did you mean “mode”?)"]),
        ("version: 1\nitms: []", ["f.yaml:2:1: unknown key “itms” (did you mean “items”?)"]),
        (
            "version: 1\nxyz: 1",
            ["f.yaml:2:1: unknown key “xyz” (known: auth, items, mode, notes, open, secret, since)"],
        ),
        ("version: 1\nsince: soon", ["f.yaml:2:8: “since” must be a date (2026-01-31), not “soon”"]),
        ("version: 1\nopen: maybe", ["f.yaml:2:7: “open” must be true or false, not “maybe”"]),
        ("version: 1\nitems: x", ["f.yaml:2:8: “items” must be a list, not “x”"]),
        ("version: 1\nitems: [x]", ["f.yaml:2:9: “items” entry 1 must be a mapping, not “x”"]),
        (
            "version: 1\nitems:\n- name: a\n  szie: 3",
            ["f.yaml:4:3: unknown key “szie” (did you mean “size”?)"],
        ),
        ("version: 1\nitems:\n- {name: 5}", ["f.yaml:3:10: “name” must be a text, not 5 (put it in quotes)"]),
        ("version: 1\nitems:\n- {name: }", ["f.yaml:3:10: “name” must be a text, not empty"]),
        ("version: 1\nitems:\n- {name: a b}", ["f.yaml:3:10: “name”: has a blank (use a dash)"]),
        ("version: 1\nitems:\n- {name: a, size: 0}", ["f.yaml:3:19: “size” must be at least 1, not 0"]),
        (
            "version: 1\nitems:\n- {name: a, labels: [x, 3]}",
            ["f.yaml:3:25: “labels” entry 2 must be a text, not 3 (put it in quotes)"],
        ),
        (
            "version: 1\nitems: [{name: a}, {name: a}, {name: a}, {name: a}]",
            ["f.yaml:2:8: “items” must have at most 3 entries"],
        ),
        ("version: 1\nauth: {user: x}", ["f.yaml:2:7: “type” is missing"]),
        ("version: 1\nauth: {type: basc}", ["f.yaml:2:14: “type” cannot be “basc” (did you mean “basic”?)"]),
        (
            "version: 1\nauth: {type: basic, user: x, toke: y}",
            ["f.yaml:2:30: unknown key “toke” (remove it: possible are type, user, which are there already)"],
        ),
        (
            "version: 1\nauth: {type: basic, usr: x}",
            ["f.yaml:2:7: “user” is missing", "f.yaml:2:21: unknown key “usr” (did you mean “user”?)"],
        ),
        ("version: 1\nnotes: {a: [1]}", ["f.yaml:2:12: “a” must be a text, not a list"]),
        ("version: 1\nsecret: [hunter2]", ["f.yaml:2:9: “secret” must be a text"]),
        ("version: 1\nsecret: 12345", ["f.yaml:2:9: “secret” must be a text (put it in quotes)"]),
        ("version: 1\nauth: {type: token, token: 12345}", ["f.yaml:2:28: “token” must be a text (put it in quotes)"]),
    ],
)
def test_what_does_not_fit_is_told_with_what_would_be_right(text: str, problems: list[str]) -> None:
    assert check(text) == problems


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    problems = check("mode: x\nitems:\n" + "".join(f"- {{nam: {n}}}\n" for n in range(3)))
    assert [problem.split(": ")[0] for problem in problems] == [
        "f.yaml:1:1",
        "f.yaml:1:7",
        *(f"f.yaml:{line}:{column}" for line in (3, 4, 5) for column in (3, 4)),
    ]


def test_yaml_1_1_traps_warn_only_where_they_make_a_difference() -> None:
    marked = read(
        "version: 1\nmode: off\nopen: no\nnotes: {a: no, b: 'no', c: 12:30, d: fine}\n"
        "items: [{name: Yes, size: 010}, {name: x, size: 07}]"
    )
    shop, problems = validate(Shop, marked)
    assert shop is not None
    assert shop.open is False
    assert {problem.severity for problem in problems} == {"warning"}
    assert texts(problems) == [
        f"f.yaml:{place}: “{text}” is a text here, but {read_as} for older YAML tools"
        " (put it in quotes if it is meant as a text)"
        for place, text, read_as in [
            ("4:12", "no", "true or false"),
            ("4:28", "12:30", "a number of minutes or seconds"),
            ("5:16", "Yes", "true or false"),
        ]
    ] + [
        (
            "f.yaml:5:27: “010” is a decimal number here, but an octal number for older YAML tools"
            " (write it without the zeros in front)"
        )
    ]


def test_a_valid_file_becomes_the_model() -> None:
    shop, problems = validate(Shop, read("version: 1\nauth: {type: token, token: t}\nitems: [{name: a, labels: [x]}]"))
    assert problems == []
    assert shop == Shop(
        version=1, auth=Token(type="token", token=SecretStr("t")), items=(Item(name="a", labels=("x",)),)
    )


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ("jnae", "did you mean “jane”?"),
        ("JANE", "did you mean “jane”?"),
        ("zzz", "known: bob, jane"),
        ("x" * 10_000, "known: bob, jane"),
    ],
)
def test_advice_names_the_nearest(wrong: str, advice: str) -> None:
    assert did_you_mean(wrong, ["jane", "bob"]) == advice


def test_advice_lists_only_the_first_names() -> None:
    assert did_you_mean("zzz", [f"a{n}" for n in range(20)]).endswith("a15, …")
    assert did_you_mean("zzz", []) == "known: none"


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["no", "12:30"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*Shop.model_fields, *Item.model_fields, "type", "x", "user"]), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@unhurried
@given(st.dictionaries(st.sampled_from([*Shop.model_fields, "zz"]), values, max_size=6))
def test_validation_never_raises(data: dict[str, Any]) -> None:
    value, problems = validate(Shop, Marked(data, "f", {(): (1, 1)}))
    assert (value is None) == any(problem.severity == "error" for problem in problems)


@unhurried
@given(st.text() | st.text(alphabet="ab:-?[]{},&*!|>'\"%@`# \n\t0~<.\\", max_size=40))
@example("a: &a\n  *a : b")
@example("\ufeffa: 1")
def test_reading_never_raises(text: str) -> None:
    marked, problems = parse(text, "f")
    assert (marked is None) == bool(problems)
    if marked is not None:
        validate(Shop, marked)


@unhurried
@given(raw=st.binary(max_size=200))
def test_loading_never_raises(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "f.yaml"
    path.write_bytes(raw)
    marked, problems = load(path)
    assert (marked is None) == bool(problems)
