"""What loading a rule with some keys says."""

from __future__ import annotations

from bridge.rules.loader import KnownNames, read_rules
from bridge.yamlfile import parse


def told(text: str) -> str:
    """The problems of a rule with these lines added, which begin in line 8."""
    marked, _ = parse(
        "version: 1\nrules:\n  - id: a\n    title: A\n    match: {field: service, exists: true}\n"
        f"    when: {{any: [{{recurs: {{at_least: 2, within: 7d}}}}]}}\n    project: {{template: x, owner: y}}\n{text}",
        "rules.yaml",
    )
    assert marked is not None
    return "\n".join(map(str, read_rules([marked], KnownNames())[1]))
