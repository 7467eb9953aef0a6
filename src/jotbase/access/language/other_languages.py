"""Rules in other languages (SQL, JavaScript, PocketBase, Supabase) and their equivalents here.

In charge of hints to texts that are no rule. Must not know what a rule means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: What a text holds, in the order asked, and how it is written here.
_WRITTEN: tuple[tuple[str, str], ...] = (
    (r"\bauth\s*\.\s*uid\s*\(", "Write user.id, as in row.owner == user.id."),
    (r"\bauth\s*\.\s*jwt\s*\(|->>?", "Write user.claims['…'] for what a token says."),
    (r"\bauth\s*\.\s*role\s*\(", "Write user.role."),
    (r"\bauth\s*\.\s*email\s*\(", "Write user.email."),
    (r"@request\.auth", "Write user.id, as in row.owner == user.id."),
    (r"@request\.(body|data)", "Write new, as in new.owner == user.id."),
    (r"@collection", "Write any(m.user == user.id for m in members)."),
    (r"\bselect\b.*\bfrom\b|\bexists\b", "Write any(m.user == user.id for m in members)."),
    (r"\bis\s+not\s+null\b", "Write `is not None`."),
    (r"\bis\s+null\b", "Write `is None`."),
    (r"\bnot\s+i?like\b|\bi?like\b", "Write startswith(row.title, 'a')."),
    (r"\bbetween\b", "Write 1 <= row.number <= 9."),
    (r"::", "Values need no casts: a column's type is known."),
    (r"=>|\bfunction\b|\blambda\b", "Write the condition alone: True, or row.owner == user.id."),
    (r"^\s*return\b|^\s*if\b|;\s*$", "Write the condition alone: True, or row.owner == user.id."),
    (r"\?.*:", "Use `and`, `or` and `not`."),
)
_SIGNS: Mapping[str, str] = {
    "&&": "and",
    "||": "or",
    "!==": "!=",
    "===": "==",
    "<>": "!=",
    "~": "startswith(…)",
}
#: Words of SQL that Python has in small letters.
_CAPITALS = re.compile(r"\b(AND|OR|NOT|IN|IS|TRUE|FALSE|NULL)\b")
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_SINGLE_EQUALS = re.compile(r"(?<![=!<>])=(?![=>])")
_NEGATION = re.compile(r"!(?!=)")


def hint(text: str) -> str:
    """Return a hint with the equivalent of a rule that is written in another language, if any."""
    bare = _LITERAL.sub("''", text)
    for found, written in _WRITTEN:
        if re.search(found, bare.lower()):
            return written
    for sign, word in _SIGNS.items():
        if sign in bare:
            return f"Python writes `{word}` for `{sign}`."
    if _SINGLE_EQUALS.search(bare):
        return "Python writes `==` for `=`."
    if capitals := _CAPITALS.search(bare):
        small = _SMALL.get(capitals[1], capitals[1].lower())
        return f"Python writes `{small}` for `{capitals[1]}`."
    if _NEGATION.search(bare):
        return "Python writes `not` for `!`."
    if bare.count("(") != bare.count(")"):
        return "Each bracket that opens must close."
    return "Write a condition in Python's words: row.owner == user.id and row.done is False."


_SMALL = {"TRUE": "True", "FALSE": "False", "NULL": "None"}
