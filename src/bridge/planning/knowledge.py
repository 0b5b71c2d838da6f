"""What people wrote down about a project's problem: the parts of its knowledge page, in either markup."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

KNOWLEDGE_PAGE = "Knowledge"
KNOWLEDGE_SECTION = "knowledge"
LONGEST_READ = 100_000
TITLES: Mapping[str, tuple[str, ...]] = {
    "cause": ("cause", "root cause", "原因", "根本原因"),
    "workaround": ("workaround", "变通方案", "临时解决方案", "临时解决办法"),
    "fix": ("permanent fix", "fix", "solution", "永久修复", "根本解决方案", "解决方案"),
    "rollback": ("rollback", "rollback plan", "way back", "回退", "回退方案"),
    "lessons": ("lessons", "lessons learned", "lessons learnt", "经验教训", "经验总结"),
}
"""What the heading of each part may be called, whatever its case."""
_HEADING = re.compile(r"^(?:h([1-6])\.|(#{1,6}))[ \t]+(.+?)[ \t#:\uff1a]*$", re.MULTILINE)
_MARKED = re.compile(r"<notextile bridge-|\[bridge-")
"""Where a section that the bridge keeps up to date itself begins or ends."""
_OWN = re.compile(r"(?:<notextile |\[)bridge-begin-.*?(?:<notextile |\[)bridge-end-", re.DOTALL)
_NOTHING = re.compile(r"(?:[\W_]|tbd|tbc|to be (?:done|defined|filled in)|todo|待定|待补充|待填写)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What stands under each heading, as written; "" where there is nothing, or no more than “TBD”."""

    cause: str = ""
    workaround: str = ""
    fix: str = ""
    rollback: str = ""
    lessons: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the parts in which nothing stands."""
        return tuple(part.name for part in fields(self) if not getattr(self, part.name))


def filled(page_text: str) -> Knowledge:
    """What people filled in on a knowledge page, Textile or Markdown; what the bridge writes itself does not count."""
    found = {name: section(page_text, titles) for name, titles in TITLES.items()}
    return Knowledge(**{name: text for name, text in found.items() if not _NOTHING.fullmatch(text)})


def section(page: str, titles: Collection[str]) -> str:
    """The text under the first heading of one of these names (casefolded) that has any; empty when none has.

    It ends at the next heading of the same or a higher level, and where a section of the bridge's own begins.
    """
    page = _OWN.sub("<notextile bridge-end-", page[:LONGEST_READ].replace("\r\n", "\n"))
    for heading in _HEADING.finditer(page):
        if heading[3].strip().casefold() not in titles:
            continue
        level = _level(heading)
        rest = page[heading.end() :]
        ends = [one.start() for one in _HEADING.finditer(rest) if _level(one) <= level]
        ends += [one.start() for one in _MARKED.finditer(rest)]
        text = rest[: min(ends, default=len(rest))].strip()
        if text:
            return text
    return ""


def _level(heading: re.Match[str]) -> int:
    return int(heading[1]) if heading[1] else len(heading[2])
