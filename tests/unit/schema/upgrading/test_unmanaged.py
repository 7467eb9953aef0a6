"""What no file made of a table, found before the table is made anew."""

from typing import Any

from tests.unit.schema.projects import TEXT, table

from jotbase.errors import Fault
from jotbase.schema.model.tables import Table
from jotbase.schema.upgrading.unmanaged import rebuild_permit, unmanaged_loss

OWN = ("table", "t", 'CREATE TABLE "t" ("a" TEXT)')


def lost(table_: Table, parts: list[Any], indexes: list[Any], *permits: str) -> Fault | None:
    """Return the refusal of a table of which the database has such parts and indexes."""
    unit = unmanaged_loss(table_, frozenset(permits))
    try:
        next(unit)
        unit.send(parts)
        unit.send(indexes)
    except StopIteration as stop:
        found: Fault | None = stop.value
        return found
    raise AssertionError("there is one more question")


def test_what_files_made_is_made_again() -> None:
    """A table of ours loses nothing, its triggers and indexes included."""
    own = table({"a": TEXT, "b": TEXT}, indexes=[["a"]], unique=[["b", "a"]], realtime=True)
    parts = [OWN, ("trigger", "jotbase.insert.t", "")]

    assert lost(own, parts, [("t_a_idx", 0, '["a"]'), ("jotbase.t.b", 0, '["b"]')]) is None


def test_an_index_of_another_name_that_the_file_says_is_made_again() -> None:
    """It comes back under the server's own name."""
    own = table({"a": TEXT, "b": TEXT}, indexes=[["a"]], unique=[["b"]])

    assert lost(own, [OWN], [("mine", 0, '["a"]'), ("only", 0, '["b"]')]) is None


def test_all_that_would_be_lost_is_named() -> None:
    """Triggers, special indexes, collations and conditions that no keyword says."""
    pulled = table({"a": TEXT}, **{"x-checks": ["a <> 'b'"]})
    parts = [
        ("table", "t", "CREATE TABLE t (a TEXT COLLATE NOCASE CHECK (a <> 'b'))"),
        ("trigger", "mine", "CREATE TRIGGER mine …"),
    ]

    fault = lost(pulled, parts, [("part", 1, '["a"]'), ("odd", 0, "[null]")])

    assert fault is not None
    assert fault.reason == (
        'the change makes "t" anew, and with the old one would go the collation NOCASE of a,'
        " the trigger mine, the condition (a <> 'b'), the index part, the index odd"
    )
    assert "drop t, made anew" in (fault.hint or "")


def test_it_may_be_permitted() -> None:
    """Then nothing is asked."""
    unit = unmanaged_loss(table({"a": TEXT}), frozenset((rebuild_permit("t"),)))

    assert list(unit) == []
