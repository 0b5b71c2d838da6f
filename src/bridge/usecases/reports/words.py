"""The words of reports, from the template `report_words`: one `name: text` on a line, with {values} in braces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.model.errors import BridgeError
from bridge.ports import Texts

TEMPLATE = "report_words"


class WordMissing(BridgeError):  # noqa: N818 - named by what it says
    """The template of a report's words lacks one, or gives it a value that there is not."""

    code = "RB-2002"
    permanent = True


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    language: str
    words: Mapping[str, str]

    def __call__(self, name: str, /, **values: object) -> str:
        """The words called `name`, with its values filled in. Raises WordMissing."""
        try:
            return self.words[name].format_map(values)
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            advice = "Compare your own file with the shipped one; nothing is lost, the report is written then."
            raise WordMissing(f"text {TEMPLATE}", f"“{name}” is missing or broken: {error}.", advice) from error


def words_of(texts: Texts, language: str) -> Words:
    """The words of a language."""
    lines = (line.partition(":") for line in texts.render(TEMPLATE, language).splitlines())
    return Words(language, {name.strip(): text.strip() for name, colon, text in lines if colon})
