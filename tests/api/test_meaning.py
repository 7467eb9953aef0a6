"""Schemas and rules read together: what follows from another mistake is not told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.api.data_world import table

from jotbase.errors import ProjectError
from jotbase.project.data import read_definition
from jotbase.project.folder import Project

NUMBER = {"type": "integer"}


def places(root: Path, **files: Any) -> list[str]:
    """Return where a project of these files has faults: `t#/access/select`."""
    (root / "schemas").mkdir()
    for name, said in files.items():
        body = said if isinstance(said, bytes) else orjson.dumps(said)
        (root / f"schemas/{name}.json").write_bytes(body)
    with pytest.raises(ProjectError) as caught:
        read_definition(Project(root))
    return [f"{Path(one.file).stem}#{one.pointer}" for one in caught.value.faults]


CHILD = table(
    {"up": {**NUMBER, "references": "p.id"}},
    access={
        "select": "row.up.n == 1",
        "insert": "any(q.n == 1 for q in p)",
        "update": "row.nothing == 1",
    },
)


@pytest.mark.parametrize(
    ("parent", "place"),
    [
        (b"{", "p#"),
        (table({"n": {"type": "intger"}}), "p#/properties/n/type"),
        (table({}, properties=3), "p#/properties"),
    ],
)
def test_rules_that_name_a_broken_file_are_not_at_fault(
    tmp_path: Path, parent: Any, place: str
) -> None:
    """They may be right; those of other files are told."""
    other = table({"n": NUMBER}, access={"select": "row.m == 1"})
    assert places(tmp_path, p=parent, c=CHILD, other=other) == [place, "other#/access/select"]


def test_a_misspelt_keyword_hides_no_mistake_in_rules(tmp_path: Path) -> None:
    """The columns are known all the same."""
    said = table({"n": NUMBER}, requird=["n"], access={"select": "row.m == 1"})
    assert places(tmp_path, t=said) == ["t#/requird", "t#/access/select"]


def test_sql_and_rules_are_told_together(tmp_path: Path) -> None:
    """A view that is no SELECT, and a rule of its own that names no column."""
    view = table({}, view="select id from t where", access={"select": "row.m == 1"})
    assert places(tmp_path, t=table({"n": NUMBER}), v=view) == ["v#/view", "v#/access/select"]


def test_sql_is_tried_beside_other_mistakes(tmp_path: Path) -> None:
    """As far as it stands in files without any, and asks nothing of those with some."""
    up = table({"a": {"type": "string"}, "up": {"type": "string", "generated": "upper(aa)"}})
    view = table({}, view="select id from p")
    assert places(tmp_path, p=table({}, primaryKey="id"), t=up, v=view) == [
        "p#/primaryKey",
        "t#/properties/up/generated",
    ]
