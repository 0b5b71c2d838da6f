"""Makes tickets out of the templates: values, prefixes, width, case and typos, all from one seed."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from tests.unit.rules.corpus.templates import TEMPLATES

SITES = ("Berlin", "Wien", "上海", "Zürich", "北京", "Lyon")
HOMOPHONES = {"录": "陆", "账": "帐", "磁": "瓷", "备": "背", "断": "段", "访": "仿", "墨": "默", "丢": "失"}
WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})


@dataclass(frozen=True, slots=True)
class Line:
    """A ticket's summary and what it is about. `typo`: a slip of the pen is in it."""

    label: str
    text: str
    typo: bool


def lines(seed: int, each: int = 45) -> list[Line]:
    """`each` tickets of every template, in the order of the templates."""
    rng = random.Random(seed)
    return [_line(rng, label, template) for label, template in TEMPLATES.items() for _ in range(each)]


def _line(rng: random.Random, label: str, template: str) -> Line:
    typo = rng.random() < 0.1
    if typo:
        template = _typo(rng, template)
    text = template.format(**{name: make(rng) for name, make in SLOTS.items()})
    if rng.random() < 0.1:
        text = text.upper() if rng.random() < 0.5 else text.lower()
    if rng.random() < 0.05:
        text = text.translate(WIDE)
    if rng.random() < 0.1:
        text = text.replace(" ", "  ", 1) + rng.choice(("!", ".", " ", "!!!", "。"))
    return Line(label, _prefix(rng) + text, typo)


def _typo(rng: random.Random, template: str) -> str:
    """One slip in the words of a template, never in its slots."""
    inside, places = False, []
    for place, character in enumerate(template):
        inside = character == "{" or (inside and character != "}")
        if not inside and character.isalpha():
            places.append(place)
    place = rng.choice(places)
    before, character, after = template[:place], template[place], template[place + 1 :]
    if not character.isascii() and character.isalpha() and character.lower() == character.upper():
        return before + HOMOPHONES.get(character, rng.choice(("", character * 2))) + after
    kind = rng.randrange(4)
    if kind == 0:
        return before + after
    if kind == 1:
        return before + character * 2 + after
    if kind == 2 and after[:1].isalpha():
        return before + after[0] + character + after[1:]
    return before + rng.choice("aeinrst") + after


def _prefix(rng: random.Random) -> str:
    if rng.random() < 0.75:
        return ""
    number = rng.randrange(1000, 999999)
    return rng.choice((f"INC{number:07}: ", f"[#{number}] ", f"#{number} ", f"{_time(rng)} ", f"RT-{number} - "))


def _host(rng: random.Random) -> str:
    n = rng.randrange(1, 400)
    return rng.choice(
        (
            f"srv-{rng.choice(('db', 'app', 'file'))}-{n:02}",
            f"{rng.choice(('DEBERLNX', 'CNSHAWIN'))}{n:04}",
            f"app{n}.{rng.choice(('corp', 'prod'))}.example.com",
            f"sw-core-{n}",
            f"vm{n:03}",
        )
    )


def _ip(rng: random.Random) -> str:
    if rng.random() < 0.2:
        return f"2001:db8:{rng.randrange(1, 65535):x}::{rng.randrange(1, 65535):x}"
    return ".".join(str(rng.randrange(1, 255)) for _ in range(4))


def _path(rng: random.Random) -> str:
    part = rng.choice(("data", "logs", "share", "home"))
    return rng.choice(
        (f"/var/{part}", f"/{part}{rng.randrange(9)}", f"{rng.choice('DEFX')}:\\{part}\\q{rng.randrange(9)}")
    )


def _url(rng: random.Random) -> str:
    host = rng.choice(("shop", "intranet", "api")) + rng.choice(("", str(rng.randrange(9))))
    return f"https://{host}.example.org/{rng.choice(('', 'login', 'v2/orders?id=17'))}"


def _date(rng: random.Random) -> str:
    day, month = rng.randrange(1, 29), rng.randrange(1, 13)
    return rng.choice(
        (
            f"2026-{month:02}-{day:02}",
            f"{day:02}.{month:02}.2026",
            f"{day}/{month}/26",
            f"{month}月{day}日",
            f"2026年{month}月{day}日",
        )
    )


def _time(rng: random.Random) -> str:
    clock = f"{rng.randrange(24):02}:{rng.randrange(60):02}"
    return rng.choice((clock, f"{clock}:{rng.randrange(60):02}", f"2026-03-{rng.randrange(1, 29):02} {clock}"))


def _mail(rng: random.Random) -> str:
    names = ("anna.mueller", "j.smith", "wang_wei", "li.na", "o-brien", "zhang3")
    return f"{rng.choice(names)}@{rng.choice(('example.com', 'mail.example.cn'))}"


def _id(rng: random.Random) -> str:
    if rng.random() < 0.2:
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))
    return rng.choice(("JOB", "BX-", "A", "")) + str(rng.randrange(1000, 99999))


def _hex(rng: random.Random) -> str:
    return rng.choice((f"0x{rng.getrandbits(32):08X}", str(rng.randrange(100, 9999))))


SLOTS: dict[str, Callable[[random.Random], str]] = {
    "host": _host,
    "ip": _ip,
    "path": _path,
    "url": _url,
    "date": _date,
    "time": _time,
    "mail": _mail,
    "id": _id,
    "hex": _hex,
    "n": lambda rng: str(rng.randrange(1, 500)),
    "percent": lambda rng: rng.choice(("{}%", "{} %", "{}.5%", "{}\uff05")).format(rng.randrange(1, 100)),
    "mac": lambda rng: rng.choice(":-").join(f"{rng.randrange(256):02x}" for _ in range(6)),
    "port": lambda rng: rng.choice(("Gi0/{}", "ge-0/0/{}", "eth{}", "Te1/1/{}")).format(rng.randrange(48)),
    "device": lambda rng: rng.choice(("PRN-{}", "HP{}", "lp{}", "prt-2og-{}")).format(rng.randrange(1, 999)),
    "code": lambda rng: rng.choice(("VA01", "ME21N", "FB60", "ZSD004")),
    "site": lambda rng: rng.choice(SITES),
    "phone": lambda rng: f"+49 30 {rng.randrange(100000, 999999)}",
}
