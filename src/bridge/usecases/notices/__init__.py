"""People are told: who, by which way, when. Every use case says what happened with `tell`; routes decide the rest."""

from bridge.usecases.notices.tell import tell

__all__ = ["tell"]
