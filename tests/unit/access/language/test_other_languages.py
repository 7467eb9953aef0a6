"""Rules as other tools write them, and how they are written here."""

import pytest

from jotbase.access.language.other_languages import hint

OWN = "Write user.id, as in row.owner == user.id."
ALONE = "Write the condition alone: True, or row.owner == user.id."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("auth.uid() = owner", OWN),
        ("(select auth.uid()) = owner", OWN),
        ("auth.jwt()->>'role' = 'admin'", "Write user.claims['…'] for what a token says."),
        ("@request.auth.id = owner", OWN),
        ("exists (select 1 from m)", "Write any(m.user == user.id for m in members)."),
        ("row.owner IS NULL", "Write `is None`."),
        ("row.owner is not null and", "Write `is not None`."),
        ("row.title like 'a%'", "Write startswith(row.title, 'a')."),
        ("row.owner = user.id", "Python writes `==` for `=`."),
        ("row.owner == user.id AND row.id > 1", "Python writes `and` for `AND`."),
        ("row.owner === user.id", "Python writes `==` for `===`."),
        ("row.a && row.b", "Python writes `and` for `&&`."),
        ("row.a <> 'x = y'", "Python writes `!=` for `<>`."),
        ("!row.a", "Python writes `not` for `!`."),
        ("return True", ALONE),
        ("(row) => row.open", ALONE),
        ("row.a ? row.b : row.c", "Use `and`, `or` and `not`."),
        ("(row.a", "Each bracket that opens must close."),
        ("row.a == 'AND' or or", "Write a condition in Python's words: row.owner == user.id and"
         " row.done is False."),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_told_in_python(text: str, said: str) -> None:
    """What stands in quotes says nothing of the language."""
    assert hint(text) == said
