"""Hooks without the extra they need: told by `check`, refused by `run`."""

from __future__ import annotations

from bridge.app.hook_service import NEEDED, missing_extra


def test_the_extra_is_named_with_what_is_missing() -> None:
    (problem,) = missing_extra((*NEEDED, "a_package_that_nobody_has"))
    assert problem.what == "a_package_that_nobody_has is not installed"
    assert "redmine-itsm-bridge[hooks]" in problem.advice
    assert problem.severity == "error"
    assert missing_extra() == []
