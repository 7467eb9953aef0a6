"""docs/reference/sessions.md shows the table that the code runs on."""

from __future__ import annotations

from pathlib import Path

from jotbase.auth.sessions.sessions import TRANSITIONS, Transition

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "sessions.md"


def answer(rule: Transition) -> str:
    """Return how the page writes a rule's answer."""
    return f"the {rule.token_given} token" if rule.token_given else f"400 `{rule.code}`"


def test_the_page_shows_every_rule_in_order() -> None:
    """The table's rows are the code's, no more, no fewer, in the order of asking."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index("| --- | --- | --- | --- |") + 1
    shown = lines[start : lines.index("", start)]

    assert shown == [
        f"| {case.value} | {rule.when} | {rule.session} | {answer(rule)} |"
        for case, rule in TRANSITIONS.items()
    ]


def test_the_diagram_shows_every_rule() -> None:
    """Each situation is an arrow: out of the session where it ends, back to it otherwise."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    arrows = [line.strip() for line in lines if " --> " in line and " / " in line]

    assert arrows == [
        f"live --> {'[*]' if rule.session == 'ends' else 'live'}"
        f" : {case.value} / {answer(rule).replace('`', '')}"
        for case, rule in TRANSITIONS.items()
    ]
