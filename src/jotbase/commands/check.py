"""`jotbase check`: reports every mistake in schemas, rules, settings and functions, and advice.

In charge of printing them together with how each rule is evaluated. Must not know the checks.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from jotbase.access.analysis.advice import Advice, ObservedSchema, advise
from jotbase.engines.sqlite.database.catalog import nonbinary_unique_keys, unmanaged_objects
from jotbase.errors import Fault, ProjectError
from jotbase.functions.loading import Loaded, load_for, load_functions
from jotbase.project.data import ProjectDefinition, read_definition
from jotbase.project.environment import DotenvVariables
from jotbase.project.folder import Project, dialect_of, find_project, read_dotenv
from jotbase.project.rule_plans import scanning_rules
from jotbase.project.sql_trial import tried
from jotbase.settings import Settings, read_settings
from jotbase.startup.loading import settings_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--strict", action="store_true", help="exit with 1 where there is advice as well"
    )


@dataclass(slots=True)
class _Found:
    """The parts of the project that could be read, and the mistakes in the others."""

    faults: list[Fault] = field(default_factory=list)
    definition: ProjectDefinition | None = None
    settings: Settings | None = None
    loaded: Loaded | None = None


def run(options: argparse.Namespace) -> int:
    """Check the project; return exit code 1 for a mistake, with --strict also for advice."""
    project = find_project(options.project)
    database = project.database(_settings(project).database_url)
    unmanaged = unmanaged_objects(database)
    found = _check_project(project, unmanaged)
    rules = _rules(found.definition)
    advice = _advice(found, unmanaged, nonbinary_unique_keys(database))
    if options.json:
        document = {
            "faults": [asdict(fault) for fault in found.faults],
            "advice": [asdict(one) | {"hint": one.hint} for one in advice],
            "rules": rules,
        }
        print(json.dumps(document, indent=2))
    else:
        _print(found.faults, advice, rules)
    return 1 if found.faults or (options.strict and advice) else 0


def _rules(definition: ProjectDefinition | None) -> list[dict[str, str]]:
    if definition is None:
        return []
    return definition.policy.described() + definition.topics.described()


def _check_project(project: Project, unmanaged: Mapping[str, str]) -> _Found:
    found = _Found()

    def read_schemas() -> None:
        found.definition = read_definition(
            project, there=unmanaged, dialect=dialect_of(_settings(project).database_url)
        )

    def read_variables() -> None:
        found.settings = settings_of(project)
        DotenvVariables(project).apply()

    def read_functions() -> None:
        if found.definition is not None:
            found.loaded = load_for(project.functions, found.definition.model)
        else:
            found.loaded = load_functions(project.functions)

    checks: tuple[Callable[[], None], ...] = (read_schemas, read_variables, read_functions)
    for check in checks:
        try:
            check()
        except ProjectError as error:
            found.faults.extend(error.faults)
    return found


def _advice(
    found: _Found,
    unmanaged: Mapping[str, str],
    nonbinary_keys: Mapping[str, tuple[tuple[str, ...], ...]],
) -> list[Advice]:
    """Return the advice on everything that could be read."""
    if found.definition is None:
        return []
    model, policy = found.definition.model, found.definition.policy
    functions = found.loaded.functions if found.loaded is not None else {}
    seen = ObservedSchema(
        reads=tried(model, unmanaged).reads,
        nonbinary_keys=nonbinary_keys,
        scans=tuple(scanning_rules(model, policy)),
        functions=tuple(
            name
            for name, several in functions.items()
            if any(one.roles is None and not one.reads for one in several)
        ),
        unconfirmed_addresses=found.settings is not None and found.settings.autoconfirm,
        anonymous_users=found.settings is not None and found.settings.anonymous_users,
    )
    return advise(model, policy, seen)


def _settings(project: Project) -> Settings:
    """Return the project's settings; malformed ones are reported elsewhere."""
    try:
        return read_settings(os.environ, read_dotenv(project))
    except ProjectError:
        return Settings()


def _print(faults: list[Fault], advice: list[Advice], rules: list[dict[str, str]]) -> None:
    for fault in faults:
        print(fault)
    for one in advice:
        print(one)
    for rule in rules:
        print(f"{rule['table']:<20} {rule['action']:<7} {rule['judged']:<11} {rule['rule']}")
    if advice:
        count = f"{len(advice)} pieces" if len(advice) > 1 else "1 piece"
        print(f"{count} of advice: docs/reference/advice.md says what each is about")
    print(f"{len(faults)} mistakes" if len(faults) != 1 else "1 mistake")
