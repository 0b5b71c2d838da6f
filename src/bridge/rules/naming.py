"""Names of projects: small Jinja2 templates that neither loop nor call and reach nothing but what they are given."""

from __future__ import annotations

import re
from collections.abc import Callable

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bridge.yamlfile import did_you_mean, refused

LONGEST_NAME = 200
"""Redmine's project names hold 255 characters."""

_GIVEN = {"rule": ("id", "title"), "group": ("label",)}
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


def compile_name(template: str) -> Namer:
    """A template as a function. Raises PydanticCustomError when it is broken or asks for what it is not given."""
    try:
        tree = _ENVIRONMENT.parse(template)
        _check(tree)
        compiled = _ENVIRONMENT.from_string(template)
    except TemplateSyntaxError as error:
        raise refused(
            f"is no valid template: {error.message}", "for example {{ rule.title }}: {{ group.label }}"
        ) from error
    except RecursionError as error:
        raise refused("is no valid template: nested too deep") from error

    def name(rule_id: str, title: str, label: str) -> str:
        given = {"rule": {"id": rule_id, "title": title}, "group": {"label": label}}
        text = re.sub(r"[\s\x00-\x1f\x7f]+", " ", compiled.render(given)).strip()
        shortened = text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1].rstrip() + "…"
        return shortened or title[:LONGEST_NAME]

    try:
        name("example", "Example", "example")
    except (TemplateError, TypeError, ValueError, AttributeError, LookupError) as error:
        raise refused(f"is no valid template: {error}") from error
    return name


def _check(tree: nodes.Template) -> None:
    known = [f"{name}.{attribute}" for name, attributes in _GIVEN.items() for attribute in attributes]
    attributes = list(tree.find_all(nodes.Getattr))
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            what = type(node).__name__.lower()
            raise refused(f"a name cannot use {what}", "only values, filters and conditions: {{ rule.title }}")
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise refused(f"the filter “{node.name}” is not known", did_you_mean(node.name, _FILTERS, "filters are"))
        if isinstance(node, nodes.Getattr):
            asked = f"{node.node.name}.{node.attr}" if isinstance(node.node, nodes.Name) else f"….{node.attr}"
            if asked not in known:
                raise refused(f"a name is not given “{asked}”", did_you_mean(asked, known, "it is given"))
        if isinstance(node, nodes.Name) and not any(one.node is node for one in attributes):
            raise refused(f"a name is not given “{node.name}”", did_you_mean(node.name, known, "it is given"))
