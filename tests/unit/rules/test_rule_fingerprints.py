"""Fingerprints: what they leave out, what they keep, and that nothing anybody writes can break or stall them."""

# ruff: noqa: RUF001 - Chinese signs are what Chinese tickets have
from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.incidents import unhurried

from bridge.rules.fingerprint import fingerprint
from bridge.rules.masks import BUILT_IN, STANDARD, Mask, Masks, load_masks
from bridge.rules.opposites import BUILT_IN as OPPOSITES
from bridge.rules.opposites import exclusion

BOUND = 5.0
"""Seconds; far more than is needed, far less than anything that grows faster than the text would take."""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Printer OFFLINE", "printer offline"),
        ("\uff30\uff52\uff49\uff4e\uff54\uff45\uff52\u3000offline", "Printer offline"),
        ("Disk full on srv-db-03", "Disk full on app17.corp.example.com"),
        ("Ping to 10.1.2.3 lost", "Ping to 2001:db8::17 lost"),
        ("Port of 00:1a:2b:3c:4d:5e blocked", "Port of 001a.2b3c.4d5e blocked"),
        ("Mail to anna.mueller@example.com bounced", "Mail to li.na@mail.example.cn bounced"),
        ("Check https://shop.example.org/a?b=1 failed", "Check http://10.0.0.1:8080/ failed"),
        ("Folder C:\\Data\\x missing", "Folder /var/data missing"),
        ("Folder \\\\nas\\share missing", "Folder D:\\y missing"),
        ("Backup of 2026-03-01T14:03:22Z lost", "Backup of 01.03.2026 lost"),
        ("Backup of 3 March 2026 lost", "Backup of Mar 17 lost"),
        ("Ausfall seit 14:03 Uhr im Lager", "Ausfall seit 7 Uhr im Lager"),
        ("2026年3月1日下午3点门禁失灵", "3月17日14:05门禁失灵"),
        ("INC0012345: door open", "[#4711] Door open!!!"),
        ("AW: Re: WG: door open", "Door open"),
        ("回复：门禁失灵", "门禁 失灵。"),
        ("Job 6f1c2d3e-0000-4000-8000-1234567890ab died", "Job JOB-17 died"),
        ("Error 0x80070005 in batch", "Error 17 in batch"),
        ("Usage above 97 % since noon", "Usage above 97.5% since noon"),
        ("u\u0308berlastet", "überlastet"),
        ("door\u200b op\u00aden", "door open"),
    ],
)
def test_what_differs_from_ticket_to_ticket_makes_no_difference(one: str, other: str) -> None:
    assert fingerprint(one) == fingerprint(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Printer offline", "Printer jammed"),
        ("登录失败", "登录缓慢"),
        ("Drucker ohne Toner", "Drucker ohne Papier"),
        ("TCP/IP stack fails", "UDP stack fails"),
        ("Mon compte est bloqué", "Compte est bloqué"),
        ("Sun workstation dead", "Mac workstation dead"),
    ],
)
def test_words_stay(one: str, other: str) -> None:
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    "summary", ["", " ", "\x00", "4711", "INC0012345", "10.0.0.1", "!?", "#", "\ud800", "\u202e", "😀"]
)
def test_a_summary_without_words_has_no_fingerprint(summary: str) -> None:
    assert fingerprint(summary) == ""


def test_a_fingerprint_can_be_read() -> None:
    assert fingerprint("[#17] Disk space on SRV-DB-03 volume /var below 5 %") == "disk space on # volume # below #"
    assert fingerprint("服务器 SRV-DB-03 磁盘空间不足，使用率 97％") == "服务器#磁盘空间不足使用率#"


_odd = st.text(st.characters(), max_size=80) | st.text(
    st.sampled_from("aA1.:/-_@#\\ %中年月日İßﬃ\u0345\u0130\x00\ud800\u202e😀٣"), max_size=60
)


@given(
    _odd
    | st.builds(
        " ".join, st.lists(_odd | st.sampled_from(["re:", "srv-1", "10.0.0.1", "a@b", "c:\\x", "//"]), max_size=6)
    )
)
@unhurried
def test_the_fingerprint_of_a_fingerprint_is_itself(summary: str) -> None:
    once = fingerprint(summary)
    assert fingerprint(once) == once
    assert once.isprintable()


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "1",
        "a1-",
        "-",
        "a.",
        "1.",
        "[0",
        "://a",
        "a@",
        "/a",
        "c:",
        "中",
        "月",
        "\x00",
        "\ud800",
        "😀",
        "\u0301",
        "\ufdfa",
        "\u202e",
        "re:",
        "# ",
    ],
)
def test_ten_megabytes_of_anything_are_done_at_once(piece: str) -> None:
    summary = piece * (10_000_000 // len(piece))
    start = time.process_time()
    once = fingerprint(summary)
    assert time.process_time() - start < BOUND
    assert fingerprint(once) == once


def test_combining_marks_and_ligatures_do_not_outgrow_the_limit() -> None:
    assert len(fingerprint("\ufdfa" * 5000)) <= 500


# --- files ---------------------------------------------------------------------------------------------------------


def masks_of(tmp_path: Path, text: str) -> Masks:
    path = tmp_path / "masks.yaml"
    path.write_text(text, encoding="utf-8")
    found, problems = load_masks(path)
    assert found is not None, problems
    return found


def test_a_site_adds_its_own_masks_and_leaves_out_others(tmp_path: Path) -> None:
    masks = masks_of(
        tmp_path,
        "version: 1\n"
        "masks:\n"
        "  - {name: line, regex: 'line (red|blue)'}\n"
        "  - {name: tag, regex: '\\[ext\\]', drop: true}\n"
        "without: [mail]\n",
    )
    assert fingerprint("[EXT] Line RED stands", masks) == fingerprint("line blue stands", masks) == "stands"
    assert fingerprint("belt of line red stands", masks) == "belt of # stands"
    assert fingerprint("of a@b.example", masks) == "of a b example"
    assert fingerprint("of a@b.example") == "of #"


def test_the_version_follows_the_patterns_and_nothing_else(tmp_path: Path) -> None:
    same = masks_of(tmp_path, "version: 1 # nothing of our own\n")
    other = masks_of(tmp_path, "version: 1\nmasks: [{name: line, regex: red}]\n")
    words = masks_of(tmp_path, "version: 1\napart: [[red, blue]]\n")
    fewer = masks_of(tmp_path, "version: 1\nwithout: [mail]\n")
    assert same.version == STANDARD.version == Masks(tuple(BUILT_IN)).version
    assert len({STANDARD.version, other.version, words.version, fewer.version}) == 4
    assert load_masks(None) == (STANDARD, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("masks: []\n", "1:1: “version” is missing"),
        ("version: 2\n", "1:10: "),
        ("version: 1\nmask: []\n", "2:1: "),
        ("version: 1\nmasks:\n  - {name: a, regex: '(x'}\n", "3:22: “regex”: does not compile"),
        (
            "version: 1\nmasks:\n  - {name: a, regex: '(a+)+'}\n",
            "3:22: “regex”: the pattern has a repeat within a repeat",
        ),
        ("version: 1\nmasks:\n  - {name: a, regex: '.*a.*b.*c'}\n", "3:22: “regex”: the pattern "),
        ("version: 1\nmasks:\n  - {name: a, regex: 'x*'}\n", "3:22: “regex”: the pattern is found in an empty text"),
        ("version: 1\nmasks:\n  - {name: A b, regex: x}\n", "3:12: "),
        (
            "version: 1\nmasks:\n  - {name: a, regex: x}\n  - {name: a, regex: y}\n",
            "3:3: “masks”: “a” is the name of two masks",
        ),
        ("version: 1\nwithout: [mails]\n", "2:11: “without” entry 1: no built-in mask is called “mails”"),
        ("version: 1\napart: [import]\n", "2:9: "),
        ("version: 1\napart: [[]]\n", "2:9: "),
        ("version: 1\napart: [[red, red]]\n", "2:9: “apart” entry 1: “red” is there twice"),
        ("version: 1\napart: [['!']]\n", "2:9: “apart” entry 1: “!” holds no word"),
    ],
)
def test_a_broken_file_is_told_with_the_place(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "masks.yaml"
    path.write_text(text, encoding="utf-8")
    found, problems = load_masks(path)
    assert found is None
    assert f"{path}:{expected}" in "\n".join(map(str, problems))


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    found, (problem,) = load_masks(tmp_path / "none.yaml")
    assert found is None
    assert "cannot be read" in problem.what


def test_masks_that_uncover_one_another_come_to_an_end() -> None:
    peel = Masks((Mask(name="peel", regex="ab", drop=True), *BUILT_IN))
    assert fingerprint("x aabb y", peel) == fingerprint(fingerprint("x aabb y", peel), peel)


# --- opposites -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nightly import of orders", "nightly export of orders"),
        ("邮箱无法发送邮件", "邮箱无法接收邮件"),
        ("backup did start", "backup did not start"),
        ("dienst startet", "dienst startet nicht"),
        ("fenster schließen", "fenster öffnen"),
        ("订单导入失败", "订单导入成功"),
    ],
)
def test_opposites_exclude_each_other(one: str, other: str) -> None:
    excluded = exclusion(OPPOSITES)
    assert excluded(fingerprint(one), fingerprint(other))
    assert excluded(fingerprint(other), fingerprint(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cannot send mail", "unable to send mails"),
        ("不能登录", "无法登陆"),
        ("printer broken", "printer defect"),
        ("update of uptime", "upper floor"),
        ("gate ofline", "gate offline"),
        ("server stopped", "server dead"),
    ],
)
def test_other_words_exclude_nothing(one: str, other: str) -> None:
    assert not exclusion(OPPOSITES)(fingerprint(one), fingerprint(other))


def test_words_are_found_in_texts_without_spaces_and_not_within_words() -> None:
    excluded = exclusion((("up hoch", "down"), ("打开",)))
    assert excluded("请打开门", "请开门")
    assert excluded("门up", "门down")
    assert not excluded("update", "downtown")
    assert not exclusion(())("up", "down")
