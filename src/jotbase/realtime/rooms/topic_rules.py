"""The rules of private topics: parsed when a project is loaded, found by topic.

In charge of which rule answers what, and of its faults. Must not know channels, nor how a rule that
looks into tables is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from jotbase.access.language.rules import parse_topic_rule
from jotbase.errors import Fault, ProjectError
from jotbase.expression.expr import Expr, is_local
from jotbase.expression.judge import Judge, judge
from jotbase.records import dataclass
from jotbase.schema.model.tables import Model
from jotbase.schema.model.topics import TopicPattern
from jotbase.values import Row


class Right(Enum):
    """A right on a topic; the values are the names in the file."""

    READ = "read"
    WRITE = "write"
    READ_PRESENCE = "readPresence"
    WRITE_PRESENCE = "writePresence"


ALL_RIGHTS = frozenset(Right)


@dataclass(frozen=True, slots=True)
class TopicRule:
    """One rule; `local` evaluates it in memory, None if it looks into tables."""

    text: str
    expression: Expr
    local: Judge | None


@dataclass(frozen=True, slots=True)
class TopicPolicy:
    """The patterns with their rules, in the order of the file; the first that matches counts."""

    patterns: Sequence[tuple[TopicPattern, Mapping[Right, TopicRule]]] = ()

    def rule(self, topic: str, right: Right) -> tuple[TopicRule, Row] | None:
        """Return the rule and the topic's parts; None where nothing allows it."""
        for pattern, rules in self.patterns:
            parts = pattern.match(topic)
            if parts is not None:
                rule = rules.get(right)
                if rule is None and right is Right.READ_PRESENCE:
                    rule = rules.get(Right.READ)
                return None if rule is None else (rule, parts)
        return None

    def described(self) -> list[dict[str, str]]:
        """Return {table, action, rule, judged} of each rule, as `Policy.described`."""
        return [
            {
                "table": pattern.text,
                "action": right.value,
                "judged": "relational" if rule.local is None else "local",
                "rule": rule.text,
            }
            for pattern, rules in self.patterns
            for right, rule in rules.items()
        ]


def load_topics(patterns: Sequence[TopicPattern], model: Model) -> TopicPolicy:
    """Parse the rules of all patterns. Raises ProjectError with every fault."""
    faults: list[Fault] = []
    read: list[tuple[TopicPattern, Mapping[Right, TopicRule]]] = []
    for pattern in patterns:
        rules: dict[Right, TopicRule] = {}
        for name, text in pattern.access.items():
            try:
                found = parse_topic_rule(text, pattern, name, model)
            except ProjectError as error:
                faults.extend(error.faults)
                continue
            rules[Right(name)] = TopicRule(text, found, judge(found) if is_local(found) else None)
        read.append((pattern, rules))
    if faults:
        raise ProjectError(faults)
    return TopicPolicy(tuple(read))
