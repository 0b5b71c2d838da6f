"""The rule language as a JSON Schema, by which editors complete and check rule files."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from bridge.rules.cases import CaseFile
from bridge.rules.schema import RuleFile

_NULL = {"type": "null"}


def rules_schema() -> str:
    """The text of `config/schema/rules.json`."""
    return _text(RuleFile, "Rules of the bridge")


def cases_schema() -> str:
    """The text of `config/schema/rule-tests.json`."""
    return _text(CaseFile, "Tests of the bridge's rules")


def _text(model: type[BaseModel], title: str) -> str:
    schema = _lean(model.model_json_schema(by_alias=True))
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _lean(node: Any) -> Any:
    """Without titles made from field names, and without null: a key that is not wanted is left out, not empty."""
    if isinstance(node, list):
        return [_lean(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _lean(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    if "default" in kept and kept["default"] is None:
        del kept["default"]
    if _NULL in kept.get("anyOf", []):
        rest = [one for one in kept.pop("anyOf") if one != _NULL]
        kept |= rest[0] if len(rest) == 1 else {"anyOf": rest}
    return kept
