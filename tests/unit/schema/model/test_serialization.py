"""Models as text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schema.projects import ID, JSON, TEXT, model, table_file

from jotbase.schema.model.serialization import dump, load
from jotbase.schema.model.tables import Column, Index, Model, Table, Type, Unique


def test_a_model_comes_back_as_it_was() -> None:
    """Tables, views, keys, rules and defaults are all kept."""
    whole = model(
        jobs=table_file(
            {
                "id": ID,
                "none": {"type": ["string", "null"], "default": None},
                "tags": {"type": "array", "items": TEXT, "default": ["a"]},
                "up": {"type": "integer", "references": "jobs.id", "onDelete": "cascade"},
            },
            primaryKey=["id"],
            unique=[["none", "up"]],
            indexes=[["tags"]],
            access={"select": "True"},
            realtime=True,
        ),
        v=table_file({"id": ID}, view="select id from jobs"),
    )

    assert load(dump(whole)).tables == whole.tables


COLUMNS = st.builds(
    Column,
    st.text(),
    st.sampled_from(Type),
    st.dictionaries(st.text(), JSON, max_size=2),
    st.booleans(),
    item=st.none() | st.sampled_from(Type),
    default=JSON,
    generated=st.none() | st.text(),
)
TABLES = st.builds(
    Table,
    st.text(),
    st.lists(COLUMNS, max_size=3).map(tuple),
    unique=st.lists(st.builds(Unique, st.text(), st.tuples(st.text())), max_size=2).map(tuple),
    indexes=st.lists(st.builds(Index, st.text(), st.tuples(st.text())), max_size=2).map(tuple),
)


@given(TABLES)
def test_any_table_comes_back_as_it_was(table: Table) -> None:
    """Nothing that a model can hold is lost."""
    found = load(dump(Model({table.name: table})))

    assert found.tables == {table.name: table}


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"form": 2, "tables": []}'])
def test_text_of_another_form_is_refused(text: str) -> None:
    """What another version wrote is not guessed at."""
    with pytest.raises(ValueError, match=r".+"):
        load(text)
