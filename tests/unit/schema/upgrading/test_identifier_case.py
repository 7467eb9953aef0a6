"""Names that differ by case alone are read in the spelling of the files."""

from tests.unit.schema.projects import ID, NUMBER, TEXT, model, table_file

from jotbase.schema.upgrading.identifier_case import Spelling

NOW = model(
    people=table_file({"id": ID, "name": TEXT}, primaryKey=["id"]),
    pets=table_file({"owner": {**NUMBER, "references": "people.id"}}, indexes=[["owner"]]),
)


def test_a_noted_model_is_respelt_whole() -> None:
    """Tables, columns, keys and what they refer to; other names stay."""
    before = model(
        People=table_file({"ID": ID, "Name": TEXT, "old": TEXT}, primaryKey=["ID"]),
        PETS=table_file({"Owner": {**NUMBER, "references": "People.ID"}}, indexes=[["Owner"]]),
        gone=table_file({"A": TEXT}),
    )
    found = Spelling(NOW).noted(before)
    assert list(found.tables) == ["pets", "people", "gone"]
    assert list(found.tables["people"].by_name) == ["id", "name", "old"]
    assert found.tables["people"].primary_key == ("id",)
    (key,) = found.tables["pets"].foreign_keys
    assert (key.columns, key.target, key.target_columns) == (("owner",), "people", ("id",))
    assert found.tables["pets"].indexes[0].columns == ("owner",)


def test_what_a_database_spells_otherwise_is_told() -> None:
    """A table, or one of its columns."""
    found = {"People": ("id", "name"), "pets": ("OWNER",), "other": ("X",)}
    assert Spelling(NOW).found(found) == {
        "people": ("id", "name"),
        "pets": ("owner",),
        "other": ("X",),
    }
    assert Spelling(NOW).differing(found) == {"people", "pets"}
    assert Spelling(NOW).differing({"people": ("id", "name")}) == frozenset()
