"""What is written to people."""

from __future__ import annotations

from typing import Any, Protocol


class Texts(Protocol):
    """The templates of every text that is written to people or remote systems."""

    def render(self, name: str, language: str = "", **values: Any) -> str:
        """The text `name` in a language (default: the configured one). Raises BridgeError when a template is broken."""
