"""Words that make two summaries different however alike they look: import and export, send and receive, not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from bridge.rules.spelling import UNSPACED, plain

Apart = tuple[str, ...]
"""Texts that exclude each other; each may be several words of one meaning, with spaces between them."""

BUILT_IN: tuple[Apart, ...] = (
    ("not no cannot unable without nicht kein keine keinen keiner ohne 不 无法 没 未",),
    ("import imports importing imported importieren 导入", "export exports exporting exported exportieren 导出"),
    ("upload uploads uploading hochladen 上传", "download downloads downloading herunterladen 下载"),
    (
        "send sends sending sent senden gesendet versenden 发送 发出 发不出",
        "receive receives receiving received empfangen 接收 收取 收不到",
    ),
    ("incoming inbound eingehend eingehende 呼入", "outgoing outbound ausgehend ausgehende 呼出"),
    ("up", "down", "flapping"),
    ("online", "offline"),
    (
        "start starts started starting starten gestartet 启动 开机",
        "stop stops stopped stopping stoppen gestoppt 停止 关机",
    ),
    ("open opens opening opened öffnen 打开 开启", "close closes closing closed schliessen 关闭"),
    ("enable enabled aktivieren 启用", "disable disabled deaktivieren 禁用 停用"),
    ("connect connects connecting verbinden 连接", "disconnect disconnects disconnecting trennen 断开"),
    ("install installed installieren 安装", "uninstall uninstalled deinstallieren 卸载"),
    ("locked gesperrt 锁定", "unlocked entsperrt 解锁"),
    ("login logon anmelden anmeldung 登录 登陆", "logout logoff abmelden abmeldung 登出 注销"),
    ("success successful succeeded erfolgreich 成功", "fail fails failed failure fehlgeschlagen 失败"),
    ("full voll 已满", "empty leer 为空"),
    ("high hoch 过高", "low niedrig 过低"),
    ("slow langsam 很慢 缓慢", "fast schnell 很快"),
    ("add added hinzufügen 添加 增加", "remove removed entfernen 删除 移除"),
    ("grant granted erteilen 授权", "revoke revoked entziehen 撤销"),
)


@lru_cache(maxsize=16)
def exclusion(apart: Sequence[Apart]) -> Callable[[str, str], bool]:
    """A function that tells whether two texts exclude each other.

    They do when one has a word where the other has its opposite. Where there is no opposite (`not`), one having the
    word and the other not is enough.
    """
    sides: dict[str, tuple[int, int]] = {}
    for number, one in enumerate(apart):
        for position, side in enumerate(one):
            sides |= dict.fromkeys(plain(side).split(), (number, position))
    alone = {number for number, one in enumerate(apart) if len(one) == 1}
    longest_first = sorted(sides, key=len, reverse=True)
    find = re.compile("|".join(map(_found, longest_first)) or r"(?!)").findall

    @lru_cache(maxsize=10_000)
    def stand(text: str) -> Mapping[int, frozenset[int]]:
        found = {sides[word] for word in find(text)}
        return {number: frozenset(p for n, p in found if n == number) for number, _ in found}

    def exclude(one: str, other: str) -> bool:
        left, right = stand(one), stand(other)
        shared, differing = left.keys() & right.keys(), left.keys() ^ right.keys()
        return any(left[number] != right[number] for number in shared) or not alone.isdisjoint(differing)

    return exclude


_LETTER = rf"[^\W_{UNSPACED}]"
_RUNS_ON = re.compile(f"[{UNSPACED}]+")


def _found(word: str) -> str:
    """A pattern for the word as a whole, or anywhere where words have no spaces between them."""
    return word if _RUNS_ON.fullmatch(word) else rf"(?<!{_LETTER}){re.escape(word)}(?!{_LETTER})"
