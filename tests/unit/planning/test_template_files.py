"""Work breakdown templates: every mistake is named with its place, and the shipped ones load and run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.calendar.business import default_calendar
from bridge.planning.loader import load_template, load_templates
from bridge.planning.plan import plan_tasks
from bridge.planning.template import WbsTask, find_cycle, numbered, parse_estimate

HEAD = "version: 1\ntitle: T\nroles: {engineer: , lead: jane}\ntasks:\n"


def marked(text: str) -> tuple[str, str]:
    """The text without its § and the line and column where that stood."""
    before = text.partition("§")[0]
    return text.replace("§", ""), f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def loaded(tmp_path: Path, text: str):
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    template, problems = load_template(path, ["jane"])
    return template, [(problem.where.removeprefix(f"{path}:"), problem) for problem in problems]


@pytest.mark.parametrize(
    ("tasks", "what", "advice"),
    [
        ("  - {key: a, title: A, after: [§b]}\n", "there is no task “b”", "tasks are: a"),
        (
            "  - {key: a, title: A}\n  - {key: §a, title: B}\n",
            "the key “a” stands here a second time",
            "mine.yaml:5:11",
        ),
        ("  - {key: a, title: §' '}\n", "task a has an empty title", "say what is to be done"),
        ("  - {key: a, title: A, estimate: §-4h}\n", "“-4h” is less than nothing", ""),
        ("  - {key: a, title: A, estimate: §4x}\n", "“4x” is not an estimate; right would be 4h, 2d", ""),
        ("  - {key: a, title: A, estimate: §9000h}\n", "task a would take more than a year", "split it"),
        ("  - {key: §root, title: A}\n", "“root” cannot be a task's key", "use a-z"),
        ("  - {key: §A b, title: A}\n", "“A b” cannot be a task's key", "use a-z"),
        ("  - {key: a, title: A, §afetr: [b]}\n", "unknown key “afetr”", "did you mean “after”?"),
        (
            "  - {key: a, title: A, §estimate: 2d, children: [{key: b, title: B}]}\n",
            "task a has children: its estimate comes from them",
            "remove it here",
        ),
        (
            "  - {key: a, title: A, §priority: High, children: [{key: b, title: B}]}\n",
            "task a has children: its priority comes from them",
            "remove it here",
        ),
        (
            "  - {key: a, title: A, children: [{key: b, title: B, after: [§a]}]}\n",
            "task b cannot wait for a: one is part of the other",
            "remove it",
        ),
        ("  - {key: a, title: A, after: [§a]}\n", "task a cannot wait for a", "remove it"),
        (
            (
                "  - §{key: a, title: A, after: [b]}\n  - {key: b, title: B, after: [c]}\n"
                "  - {key: c, title: C, after: [a]}\n"
            ),
            "tasks wait for each other: a → b → c → a",
            "remove one `after`",
        ),
        (
            "  - §{key: a, title: A, after: [p]}\n  - {key: p, title: P, children: [{key: c, title: C, after: [a]}]}\n",
            "tasks wait for each other: a → c → a",
            "remove one `after`",
        ),
        ("  - {key: a, title: A, gate: §approvl}\n", "“gate” cannot be “approvl”", "did you mean"),
        ("  - {key: a, title: A, §blocks: [b]}\n  - {key: b, title: B}\n", "“blocks” is for a gate", "add gate: "),
        ("  - {key: a, title: A, gate: change, §checklist: [x]}\n", "“checklist” is for a gate", "gate: handover"),
        ("  - {key: a, title: A, gate: approval, closed_by: [jane], §open: false}\n", "“open” is for a gate", "change"),
        ("  - {key: a, title: A, gate: change, open: §maybe}\n", "“open” must be true or false", ""),
        ("  - {key: a, title: A, gate: §approval}\n", "nobody is named who may close the approval a", "closed_by"),
        (
            "  - {key: a, title: A, gate: approval, closed_by: [§jnae]}\n",
            "“jnae” is neither a role",
            "did you mean “jane”",
        ),
        (
            "  - {key: a, title: A, gate: §rollback, children: [{key: b, title: B}]}\n",
            "task a has children and cannot be a gate",
            "split it",
        ),
        ("  - {key: a, title: A, gate: change, blocks: [§b]}\n", "there is no task “b”", "tasks are: a"),
        (
            "  - {key: p, title: P, children: [{key: a, title: A, gate: change, blocks: [§p]}]}\n",
            "task a cannot block p: one is part of the other",
            "remove it",
        ),
        (
            "  - {key: a, title: A, gate: change, blocks: [§b]}\n  - {key: b, title: B, after: [a]}\n",
            "task b is blocked by a and has it in `after` too",
            "remove it from `after` of b",
        ),
        (
            "  - §{key: a, title: A, gate: change, after: [b], blocks: [b]}\n  - {key: b, title: B}\n",
            "tasks wait for each other: a → b → a",
            "or `blocks`",
        ),
        (
            "  - {key: a, title: A}\nmilestones: [{key: m, title: M, tasks: [§b]}]\n",
            "there is no task “b”",
            "tasks are: a",
        ),
        (
            "  - {key: a, title: A}\nmilestones: [{key: m, title: M, tasks: [a]}, {key: §m, title: N, tasks: [a]}]\n",
            "another milestone with the key “m”",
            "rename it",
        ),
        ("  - {key: a, title: A}\nmilestones: [{key: m, title: M, tasks: §[]}]\n", "“tasks”", ""),
    ],
)
def test_each_mistake_is_named_with_its_place_and_what_would_be_right(tmp_path, tasks, what, advice):
    text, where = marked(HEAD + tasks)
    template, problems = loaded(tmp_path, text)
    assert template is None
    ((place, problem),) = problems
    assert what in problem.what
    assert advice in problem.advice
    assert place == where


def test_a_role_at_nobody_is_an_error_and_one_only_a_rule_can_fill_a_warning(tmp_path):
    text = HEAD.replace("jane", "jnae") + "  - {key: a, title: A, role: enginer}\n"
    template, problems = loaded(tmp_path, text)
    assert template is None
    found = [(problem.severity, problem.what.partition(":")[0], problem.advice) for _, problem in problems]
    assert found == [
        ("warning", "role “enginer” is not among the template's roles", "did you mean “engineer”?"),
        ("error", "there is no person or team “jnae”", "did you mean “jane”?"),
    ]
    template, problems = loaded(tmp_path, HEAD + "  - {key: a, title: A, role: writer}\n")
    assert template is not None
    assert [problem.severity for _, problem in problems] == ["warning"]


def test_a_good_file_becomes_a_template(tmp_path):
    text = HEAD + "  - {key: a, title: ' A ', role: owner, estimate: 1.5d, after: [b, b]}\n  - {key: b, title: B}\n"
    template, problems = loaded(tmp_path, text)
    assert problems == []
    assert (template.name, template.title, template.roles) == ("mine", "T", {"engineer": "", "lead": "jane"})
    assert template.tasks[0] == WbsTask("a", "A", role="owner", estimate=12.0, after=("b",))


def test_the_shipped_templates_load_and_can_be_planned():
    templates, problems = load_templates([], names=[])
    assert problems == []
    assert set(templates) >= {"network-problem", "standard-project"}
    for template in templates.values():
        plan = plan_tasks(template, datetime(2026, 3, 2, 9, tzinfo=UTC), default_calendar())
        assert plan.tasks
        assert plan.relations
        assert plan.critical_path
        assert plan.problems == ()


def test_an_own_folder_replaces_a_shipped_template_by_name_and_adds_others(tmp_path):
    (tmp_path / "network-problem.yaml").write_text("version: 1\ntitle: Mine\ntasks: []\n", "utf-8")
    (tmp_path / "other.yaml").write_text("version: 1\ntitle: Other\ntasks: []\n", "utf-8")
    (tmp_path / "broken.yaml").write_text("version: 1\ntitle: ''\ntasks: []\n", "utf-8")
    templates, problems = load_templates([tmp_path, tmp_path / "none"])
    assert templates["network-problem"].title == "Mine"
    assert {"other", "standard-project"} < set(templates)
    assert "broken" not in templates
    assert [problem.where for problem in problems] == [str(tmp_path / "none"), f"{tmp_path / 'broken.yaml'}:2:8"]


@pytest.mark.parametrize(("text", "hours"), [("4h", 4), ("2d", 16), ("1w", 40), ("0.5d", 4), ("0h", 0), (" 3 h ", 3)])
def test_estimates_are_working_hours(text, hours):
    assert parse_estimate(text) == hours


@given(st.text(max_size=12))
def test_any_text_is_an_estimate_or_a_value_error(text):
    try:
        hours = parse_estimate(text)
    except ValueError:
        return
    assert hours >= 0


def test_numbers_follow_the_order_of_the_file():
    tasks = (WbsTask("a", "A"), WbsTask("b", "B", children=(WbsTask("c", "C", children=(WbsTask("d", "D"),)),)))
    assert [(entry.number, entry.task.key, entry.parent) for entry in numbered(tasks)] == [
        ("1", "a", ""),
        ("2", "b", ""),
        ("2.1", "c", "b"),
        ("2.1.1", "d", "c"),
    ]
    assert find_cycle(tasks) == ()
