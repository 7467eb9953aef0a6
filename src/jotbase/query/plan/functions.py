"""Functions of the data API: parameters, return types, roles, and overload resolution.

In charge of these types, and of the errors about them. Must not know Python's annotations, from
which they are made, nor run a function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal

from jotbase.errors import AccessError, RequestError
from jotbase.query.request.grammar import SCHEMA
from jotbase.records import dataclass
from jotbase.schema.model.tables import Table, Type
from jotbase.schema.values.convert import TYPE_NAMES
from jotbase.search.spelling import nearest
from jotbase.values import ANON, SERVICE_PRINCIPAL, Principal

#: The key of an unnamed parameter in a JSON object of arguments.
UNNAMED = ""

#: The least similarity of a suggested list of parameters, as in PostgREST.
_ALIKE = 0.33


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its type, the items' of a list, and the JSON Schema of its values."""

    name: str
    type: Type
    item: Type | None = None
    schema: Mapping[str, Any] = field(default_factory=dict)
    required: bool = True
    variadic: bool = False
    nullable: bool = False

    @property
    def type_name(self) -> str:
        """PostgreSQL's name of the type: `integer`, `text[]`."""
        if self.type is Type.ARRAY and self.item is not None:
            return TYPE_NAMES[self.item] + "[]"
        return TYPE_NAMES[self.type]


@dataclass(frozen=True, slots=True)
class Returns:
    """What a function returns: nothing, one value or several, one row or several.

    `type` is a value's. `table` names the table whose rows these are; rows of a shape of their own
    have `shape` instead, a table that is in no database. `media` is the media type of one value
    that is to be sent as it is. `schema` is the JSON Schema of a value, as far as it is known.
    """

    kind: Literal["nothing", "value", "values", "row", "rows"]
    type: Type = Type.JSON
    table: str | None = None
    shape: Table | None = None
    media: str | None = None
    schema: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def is_set(self) -> bool:
        """Whether there may be several values or rows."""
        return self.kind in ("values", "rows")


@dataclass(frozen=True, eq=False, slots=True)
class Function:
    """One function. `whole` is the parameter that takes a whole body; then there is no other.

    `roles` are those whose callers may call it, None for all. `faults` are what JSON Schema says
    against arguments. `run` calls the Python function with the arguments by name. One may be called
    `again` from its start where others have changed what it had read.
    """

    name: str
    parameters: tuple[Parameter, ...]
    returns: Returns
    run: Callable[[Mapping[str, Any]], Any]
    faults: Callable[[Mapping[str, Any]], list[dict[str, Any]]]
    reads: bool = False
    roles: frozenset[str] | None = None
    whole: Parameter | None = None
    description: str | None = None
    again: bool = True

    @property
    def by_name(self) -> dict[str, Parameter]:
        """The parameters by name."""
        return {parameter.name: parameter for parameter in self.parameters}

    def accepts(self, names: frozenset[str]) -> bool:
        """Whether arguments of exactly those names can be passed; the parameter that takes a whole
        body is one without a name, as PostgreSQL has it.
        """
        if self.whole is not None:
            return names == {UNNAMED} or (not names and not self.whole.required)
        required = {one.name for one in self.parameters if one.required}
        return required <= names <= self.by_name.keys()

    def signature(self) -> str:
        """The function as PGRST203 lists it: `public.f(a => integer)`."""
        taken = [f"{one.name} => {one.type_name}" for one in self.parameters]
        if self.whole is not None:
            taken = [f" => {self.whole.type_name}"]
        return f"{SCHEMA}.{self.name}({', '.join(taken)})"


Functions = Mapping[str, tuple[Function, ...]]

#: The types of a parameter that takes a whole JSON body.
WHOLE_JSON = (Type.JSON, Type.ARRAY)

#: The types of a single parameter that takes a whole body, by the body's format.
_WHOLE: Mapping[str, tuple[Type, ...]] = {
    "json": WHOLE_JSON,
    "text": (Type.TEXT,),
    "bytes": (Type.BYTES,),
}
_PLAIN = ("text", "bytes", "xml")
_WHOLE_NAMES = {"text": "text", "bytes": "bytea", "xml": "xml", "json": "json/jsonb"}


def resolve_overload(
    functions: Functions,
    name: str,
    names: Sequence[str] | None,
    body: str,
    caller: Principal = SERVICE_PRINCIPAL,
) -> Function:
    """Return the function that takes arguments of those names, or a body of that form.

    `names` is None where the body is no object; `body` is "" for a GET. Raises RequestError
    PGRST202 where there is none, PGRST203 where there are several; they name functions that the
    caller may call.
    """
    known = functions.get(name, ())
    fitting: list[Function] = []
    if body in ("", "json", "form") and names is not None:
        fitting = [one for one in known if one.accepts(frozenset(names))]
    if not fitting and body in _WHOLE:
        wanted = _WHOLE[body]
        fitting = [one for one in known if one.whole is not None and one.whole.type in wanted]
    if not fitting:
        raise _unknown(_callable(functions, caller), name, names or (), body)
    if len(fitting) > 1:
        raise RequestError(
            "PGRST203",
            "Could not choose the best candidate function between: "
            + ", ".join(one.signature() for one in fitting if may_call(one, caller)),
            hint="Try renaming the parameters or the function itself in the database so function"
            " overloading can be resolved",
        )
    return fitting[0]


def _unknown(functions: Functions, name: str, names: Sequence[str], body: str) -> RequestError:
    called, listed = f"{SCHEMA}.{name}", ", ".join(sorted(names))
    if body in _PLAIN:
        shown, given = called, f" with a single unnamed {_WHOLE_NAMES[body]} parameter"
    else:
        shown = f"{called}({listed})" if names else f"{called} without parameters"
        several = "s" if len(names) > 1 else ""
        given = f" with parameter{several} {listed}" if names else " without parameters"
        if body == "json":
            given += f" or with a single unnamed {_WHOLE_NAMES['json']} parameter"
    hint = None if body in _PLAIN else _hint(functions, name, f"({listed})")
    return RequestError(
        "PGRST202",
        f"Could not find the function {shown} in the schema cache",
        details=f"Searched for the function {called}{given}, but no matches were found in the"
        " schema cache.",
        hint=hint,
    )


def _hint(functions: Functions, name: str, listed: str) -> str | None:
    if name in functions:
        lists = {f"({', '.join(sorted(one.by_name))})" for one in functions[name]}
        close = nearest(listed, lists, _ALIKE)
        suggested = f"{name}{close}" if close is not None else None
    else:
        suggested = nearest(name, functions, _ALIKE)
    return (
        None
        if suggested is None
        else f"Perhaps you meant to call the function {SCHEMA}.{suggested}"
    )


def _callable(functions: Functions, caller: Principal) -> Functions:
    open_ = {
        name: tuple(one for one in several if may_call(one, caller))
        for name, several in functions.items()
    }
    return {name: several for name, several in open_.items() if several}


def may_call(function: Function, caller: Principal) -> bool:
    """Whether a caller has one of the function's roles; the service role may call all."""
    return function.roles is None or caller.is_service or caller.role in function.roles


def check_caller(function: Function, caller: Principal) -> None:
    """Raise AccessError 42501 if the caller has none of the function's roles."""
    if may_call(function, caller):
        return
    raise AccessError(
        "42501",
        f"permission denied for function {function.name}",
        status=401 if caller.role == ANON else 403,
    )
