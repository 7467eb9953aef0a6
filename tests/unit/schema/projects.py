"""Small projects written as values: schema files by table name, read into a model."""

from typing import Any

import orjson
from hypothesis import strategies as st

from jotbase.errors import Fault, ProjectError
from jotbase.schema.model.tables import Model, Table
from jotbase.schema.reading.read import read_model

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer"}
ID: dict[str, Any] = {"type": "integer", "identity": True}


def table_file(properties: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    """Return a schema file with these columns."""
    return {"type": "object", "properties": properties, **keywords}


def files(**schemas: Any) -> dict[str, bytes]:
    """Return schema files by name; bytes stay as they are."""
    return {
        f"{name}.json": schema if isinstance(schema, bytes) else orjson.dumps(schema)
        for name, schema in schemas.items()
    }


def model(**schemas: Any) -> Model:
    """Return the model of these schemas."""
    return read_model(files(**schemas))


def table(properties: dict[str, Any], **keywords: Any) -> Table:
    """Return the one table "t" with these columns."""
    return model(t=table_file(properties, **keywords)).tables["t"]


def faults(**schemas: Any) -> list[Fault]:
    """Return the faults of these schemas, none if they can be read."""
    try:
        read_model(files(**schemas))
    except ProjectError as error:
        return list(error.faults)
    return []


def places(**schemas: Any) -> list[str]:
    """Return where these schemas have faults: `t#/properties/a`."""
    return [f"{fault.file[8:-5]}#{fault.pointer}" for fault in faults(**schemas)]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
