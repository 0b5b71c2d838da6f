"""Names and texts of projects: small Jinja2 templates that neither loop nor call and reach only what they are given."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bridge.yamlfile import did_you_mean, refused

LONGEST_NAME = 200
"""Redmine's project names hold 255 characters."""
LONGEST_TEXT = 20_000

_Given = Mapping[str, Mapping[str, Any]]
_NAME_GIVEN: tuple[_Given, ...] = ({"rule": {"id": "example", "title": "Example"}, "group": {"label": "example"}},)
_TEXT_GIVEN: tuple[_Given, ...] = tuple(
    {**_NAME_GIVEN[0], "evidence": {"count": count, "open": still, "resolved": count - still}}
    for count, still in ((5, 3), (1, 1), (2, 0), (100_000, 50_000))
)
"""Few and many, so that what a template says only of many is tried, too."""
_FAILS = (TemplateError, TypeError, ValueError, AttributeError, LookupError, AssertionError)
_FILTERS = frozenset({"capitalize", "default", "lower", "title", "trim", "truncate", "upper"})
# No loops, calls, macros or arithmetic: the work and the size of a name are bounded by the length of its template.
_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Const, nodes.Filter),
    *(nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat),
)
# Plain text goes to an API as JSON, so nothing is to be escaped.
_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)

Namer = Callable[[str, str, str], str]
"""(rule id, rule title, group label) → the project's name, one line of at most 200 characters."""
Writer = Callable[[_Given], str]
"""What a text is given (rule, group, evidence) → the text, at most 20,000 characters; empty where it fails."""


def compile_name(template: str) -> Namer:
    """A template as a function. Raises PydanticCustomError when it is broken or asks for what it is not given."""
    render = _compile(template, "name", _NAME_GIVEN)

    def name(rule_id: str, title: str, label: str) -> str:
        rendered = _rendered(render, {"rule": {"id": rule_id, "title": title}, "group": {"label": label}})
        text = re.sub(r"[\s\x00-\x1f\x7f]+", " ", rendered).strip()
        return _cut(text, LONGEST_NAME) or title[:LONGEST_NAME]

    return name


def compile_text(template: str) -> Writer:
    """The template of a longer text as a function, which is also given `evidence.count`, `.open` and `.resolved`.

    Raises PydanticCustomError when it is broken or asks for what it is not given.
    """
    render = _compile(template, "text", _TEXT_GIVEN)

    def text(given: _Given) -> str:
        return _cut(_rendered(render, given).replace("\x00", "").strip(), LONGEST_TEXT)

    return text


def _rendered(render: Writer, given: _Given) -> str:
    """Empty where a template fails that did well with the examples: an opening does not wait for its description."""
    try:
        return render(given)
    except _FAILS:
        return ""


def _compile(template: str, what: str, examples: tuple[_Given, ...]) -> Writer:
    try:
        tree = _ENVIRONMENT.parse(template)
        _check(tree, what, examples[0])
        compiled = _ENVIRONMENT.from_string(template)
    except TemplateSyntaxError as error:
        raise refused(
            f"is no valid template: {error.message}", "for example {{ rule.title }}: {{ group.label }}"
        ) from error
    except RecursionError as error:
        raise refused("is no valid template: nested too deep") from error
    try:
        for example in examples:
            compiled.render(example)
    except _FAILS as error:
        raise refused(f"is no valid template: {error}") from error
    return compiled.render


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _check(tree: nodes.Template, what: str, given: Mapping[str, Mapping[str, Any]]) -> None:
    known = [f"{name}.{attribute}" for name, attributes in given.items() for attribute in attributes]
    attributes = list(tree.find_all(nodes.Getattr))
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            kind = type(node).__name__.lower()
            raise refused(f"a {what} cannot use {kind}", "only values, filters and conditions: {{ rule.title }}")
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise refused(f"the filter “{node.name}” is not known", did_you_mean(node.name, _FILTERS, "filters are"))
        if isinstance(node, nodes.Getattr):
            asked = f"{node.node.name}.{node.attr}" if isinstance(node.node, nodes.Name) else f"….{node.attr}"
            if asked not in known:
                raise refused(f"a {what} is not given “{asked}”", did_you_mean(asked, known, "it is given"))
        if isinstance(node, nodes.Name) and not any(one.node is node for one in attributes):
            raise refused(f"a {what} is not given “{node.name}”", did_you_mean(node.name, known, "it is given"))
