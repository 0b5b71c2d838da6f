"""Every message that a package can give about what a person wrote, read from its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
TELLING = {"refused": 0, "problem": 1, "doubt": 1, "_wrong": 1, "Unusable": 0, "Problem": 1}
"""Functions that tell a problem, and which of their arguments is the message."""
RETURNING = {"_dead", "_wrong", "_too_often"}
"""Functions that return a message, alone or with an advice."""


def messages(*parts: str) -> Iterator[tuple[str, str]]:
    """(`module.py:line`, pattern that finds the message in a text) of every message in these files of `src/bridge`."""
    for part in parts:
        for path in sorted((ROOT / "src" / "bridge").glob(part)):
            for function in _functions(ast.parse(path.read_text(encoding="utf-8"))):
                for line, text in _told(function):
                    yield f"{path.name}:{line}", text


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def _told(function: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None and function.name in RETURNING:
            value = node.value.elts[0] if isinstance(node.value, ast.Tuple) else node.value
            for text in filter(None, _texts(value, assigned)):
                yield node.lineno, text
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        position = TELLING.get(name)
        if position is None or len(node.args) <= position:
            continue
        given = node.args[position]
        for text in _texts(given, assigned):
            yield node.lineno, text


def _texts(node: ast.expr, assigned: dict[str, list[ast.expr]]) -> Iterator[str]:
    """The patterns of what an expression can be; nothing for what is a text only when it runs."""
    if isinstance(node, ast.Name):
        for value in assigned.get(node.id, []):
            yield from _texts(value, {})
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, assigned)
        yield from _texts(node.orelse, assigned)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield re.escape(node.value)
    elif isinstance(node, ast.JoinedStr):
        parts = [re.escape(str(one.value)) if isinstance(one, ast.Constant) else ".*" for one in node.values]
        if any(part != ".*" for part in parts):
            yield "".join(parts)
