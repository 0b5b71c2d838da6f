"""Everything that people write, loaded together, so that every problem of every file is told at once."""

from __future__ import annotations

import glob
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel

from bridge.clock import SystemClock
from bridge.directory.directory import Directory
from bridge.directory.loader import load_directory
from bridge.directory.schema import DirectoryFile
from bridge.kpi.sla import Policy as SlaPolicy
from bridge.model.errors import ConfigurationError, Problem
from bridge.model.incident import Capability
from bridge.model.promotion import TaskKind
from bridge.planning.loader import load_templates, template_files
from bridge.planning.template import WbsTemplate
from bridge.rules.loader import KnownNames, load_rules
from bridge.rules.masks import STANDARD, load_masks
from bridge.rules.ruleset import RuleSet
from bridge.rules.windows import NO_WINDOWS, Windows, WindowsFile, load_windows
from bridge.settings import Loaded, Settings, load_settings
from bridge.settings.carried import carried_policy
from bridge.settings.sla import load_policies
from bridge.sources.fills import fills_of
from bridge.sources.registry import build
from bridge.sync.mapping import StatusMapping
from bridge.texts import JinjaTexts, load_texts
from bridge.usecases.configured import Configured
from bridge.usecases.policy import Policy
from bridge.yamlfile import did_you_mean, written_names

NO_NAMES = KnownNames()


TESTS = "tests"
"""A folder of this name beside rules holds their tests."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """A complete configuration without errors. `warnings` are what works but is unwise; `path` the settings file.

    `names` are what its rules may name, `sla` the policies by which reports judge clocks.
    """

    path: Path
    loaded: Loaded
    rules: RuleSet
    directory: Directory
    templates: dict[str, WbsTemplate]
    texts: JinjaTexts
    windows: Windows = NO_WINDOWS
    warnings: tuple[Problem, ...] = ()
    names: KnownNames = NO_NAMES
    sla: tuple[SlaPolicy, ...] = ()

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.loaded.settings

    def configured(self, instance: str) -> Configured:
        """What the use cases work with; `instance` are the digits that tell this store from any other."""
        settings = self.settings
        redmine = settings.redmine
        policy = Policy(
            instance=f"{settings.instance}-{instance}",
            parent_project=redmine.parent_project,
            tracker_url=redmine.url,
            statuses=StatusMapping(redmine.statuses, redmine.write_statuses),
            identifier_prefix=redmine.identifier_prefix,
            delivered=frozenset(redmine.delivered_statuses),
            refused=frozenset(redmine.refused_statuses),
            trackers={
                TaskKind.ROOT: redmine.trackers.root,
                TaskKind.WORK: redmine.trackers.task,
                TaskKind.INCIDENT: redmine.trackers.incident,
            },
            priorities=redmine.priorities,
            member_role=redmine.member_role,
            owner_role=redmine.owner_role,
            public_notes=settings.public_notes,
            notes=settings.notes.policy(redmine.text_formatting),
            sync=settings.sync.policy(redmine),
            language=settings.language,
            sla=settings.sla.targets(),
            carried=carried_policy(settings.attachments, settings.work_log, settings.relations),
            candidates=settings.candidates.policy(settings.nomination, redmine.intake_project),
            life=settings.promotions.policy(),
            changes=tuple(name for name, can in (self.names.sources or {}).items() if Capability.CHANGE in can),
            ledger=settings.ledger.policy(),
            reports=settings.reports.policy(),
        )
        notices = settings.notify.policy()
        return Configured(self.rules, self.directory, self.templates, self.texts, policy, notices)

    def with_rules(self, patterns: Collection[str]) -> Configuration:
        """The same with the rules of other files: names of files or folders, or patterns.

        Raises ConfigurationError with every problem of every file.
        """
        found = _matching([str(Path(one) / "*.yaml") if Path(one).is_dir() else one for one in patterns])
        if not found:
            raise ConfigurationError([Problem(", ".join(patterns), "no file of rules was found", "correct the name")])
        rules, problems = load_rules(found, self.names)
        if rules is None:
            raise ConfigurationError([problem for problem in problems if problem.severity == "error"])
        return replace(self, rules=rules, warnings=tuple(problems))

    def files(self) -> dict[Path, int]:
        """Every file that was read with the moment of its last change (nanoseconds), to notice changes."""
        found = [self.path, self.settings.directory, *self.windows.files, *_matching(self.settings.rules)]
        found += [self.settings.masks] if self.settings.masks else []
        found += [file for folder in self._folders() for file in folder.rglob("*") if file.is_file()]
        return {path: path.stat().st_mtime_ns for path in found if path.exists()}

    def rule_tests(self) -> list[Path]:
        """The files of rule tests that stand beside the rules: `tests/*.yaml` and `*.test.yaml`."""
        folders = dict.fromkeys(path.parent for path in _matching(self.settings.rules))
        beside = [sorted([*folder.glob("tests/*.y*ml"), *folder.glob("*.test.y*ml")]) for folder in folders]
        return list(dict.fromkeys(path for paths in beside for path in paths))

    def _folders(self) -> list[Path]:
        return [self.settings.templates] if self.settings.templates else []


def _names_in_settings(loaded: Loaded, directory: Directory | None, plans: Collection[str]) -> list[Problem]:
    """What the settings name and other files do not have: people, a folder of templates, a plan."""
    settings, problem = loaded.settings, loaded.marked.problem
    found: list[Problem] = []
    if directory is not None:
        found += [problem(path, what, advice) for path, what, advice in settings.notify.unknown_people(directory)]
        found += [problem(*each, severity="warning") for each in settings.notify.unreachable_people(directory)]
    found += [problem(*each, severity="warning") for each in settings.ledger.unpublished(settings.notify)]
    if settings.templates is not None and not settings.templates.is_dir():
        what, advice = f"there is no folder {settings.templates}", "make it, with wbs/ or text/ in it, or leave it out"
        found.append(problem(("templates",), what, advice))
    if (wanted := settings.nomination.template) not in plans:
        advice = did_you_mean(wanted, plans)
        found.append(problem(("nomination", "template"), f"there is no template “{wanted}”", advice))
    return found


def _placed(loaded: Loaded, problems: list[Problem]) -> list[Problem]:
    """Those that name a key of the settings get the key's place in the file, the others have theirs."""
    paths = [tuple(int(part) if part.isdigit() else part for part in one.where.split(".")) for one in problems]
    return [
        replace(one, where=loaded.marked.where(path)) if ":" not in one.where and path[0] in loaded.marked.data else one
        for one, path in zip(problems, paths, strict=True)
    ]


def load(path: Path) -> Configuration:
    """Loads everything. Raises ConfigurationError with every problem of every file."""
    configuration, problems = load_with_warnings(path)
    if configuration is None:
        raise ConfigurationError([problem for problem in problems if problem.severity == "error"])
    return configuration


def load_with_warnings(path: Path) -> tuple[Configuration | None, list[Problem]]:
    """Loads everything; None when any file has an error. Warnings are among the problems either way."""
    loaded, problems = load_settings(path)
    if loaded is None:
        return None, problems
    settings = loaded.settings
    sources, found = _capabilities(loaded)
    problems += found
    texts, of_texts = load_texts(_sub(settings.templates, "text"), settings.language)
    directory, found = load_directory(settings.directory, sources, texts.languages)
    problems += found
    people = _people(directory, settings.directory)
    folders = _sub(settings.templates, "wbs")
    templates, found = load_templates(folders, people)
    problems += found
    problems += _placed(loaded, of_texts)
    windows, found = load_windows(settings.windows) if settings.windows else (NO_WINDOWS, [])
    problems += found
    masks, found = load_masks(settings.masks)
    problems += found
    plans = {name: templates[name].all_roles if name in templates else None for name in template_files(folders)}
    problems += _names_in_settings(loaded, directory, plans)
    names = KnownNames(
        templates=plans,
        people=people,
        away=_away(directory) if directory else {},
        opening_changes=frozenset(name for name, template in templates.items() if template.opens_change),
        sources=sources,
        fills={one.name: fills_of(one.options) for one in loaded.sources},
        calendars=directory.calendars if directory else _broken(DirectoryFile, settings.directory, "calendars"),
        windows=windows.by_name if windows else _broken(WindowsFile, settings.windows, "windows"),
        masks=masks or STANDARD,
        sla=settings.sla.targets(),
        # a sandbox's clock may be anywhere, and a file is right or wrong without asking it
        now=SystemClock().now() if settings.clock == "system" else None,
    )
    rules, found = load_rules(_matching(settings.rules), names)
    problems += found or _no_rules(settings)
    sla, found = load_policies(settings.sla, loaded.folder, names.calendars)
    problems += _placed(loaded, found)
    if rules is None or directory is None or any(problem.severity == "error" for problem in problems):
        return None, problems
    windows = windows or NO_WINDOWS
    warnings = tuple(problems)
    return Configuration(path, loaded, rules, directory, templates, texts, windows, warnings, names, sla), problems


def _capabilities(loaded: Loaded) -> tuple[dict[str, frozenset[Capability]], list[Problem]]:
    """What each source can do; one that cannot log in counts as able to do everything, so that only that is told."""
    able: dict[str, frozenset[Capability]] = {}
    problems: list[Problem] = []
    for one in loaded.sources:
        try:
            able[one.name] = build(one.name, one.kind, one.options, SystemClock()).capabilities
        except ConfigurationError as error:
            able[one.name] = frozenset(Capability)
            problems += [replace(p, where=one.place, what=f"{p.where}: {p.what}") for p in error.problems]
    return able, problems


def _people(directory: Directory | None, path: Path) -> Collection[str] | None:
    """The keys of persons and teams; of a directory with problems those that it writes, None when that is unclear."""
    if directory is not None:
        return frozenset({*directory.people, *directory.teams})
    people, teams = (written_names(DirectoryFile, path, section) for section in ("people", "teams"))
    return None if people is None or teams is None else people | teams


def _away(directory: Directory) -> dict[str, str]:
    """People who are not active, and who is asked instead."""
    found = {}
    for key in (person.key for person in directory.people.values() if not person.active):
        instead = directory.stand_in(key).person
        found[key] = f"{instead.display} is asked instead" if instead else "there is nobody to ask instead"
    return found


def _broken(model: type[BaseModel], path: Path | None, section: str) -> dict[str, None] | None:
    """The names in a file with problems, none of which can be used; None when it is unclear which there are."""
    written = None if path is None else written_names(model, path, section)
    return None if written is None else dict.fromkeys(written)


def _matching(patterns: Collection[str]) -> list[Path]:
    """The files of rules; their tests may stand beside them."""
    names = [name for pattern in patterns for name in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207 - absolute patterns
    return [path for path in map(Path, names) if path.parent.name != TESTS and not path.stem.endswith(".test")]


def _no_rules(settings: Settings) -> list[Problem]:
    if _matching(settings.rules):
        return []
    return [Problem(", ".join(settings.rules), "no file of rules was found", "write one, or mend `rules`", "warning")]


def _sub(folder: Path | None, name: str) -> list[Path]:
    return [folder / name] if folder and (folder / name).is_dir() else []
