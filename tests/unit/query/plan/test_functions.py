"""Which function a call means, who may call it, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.unit.query.calls_board import ADD, ECHO, FUNCTIONS, SUM, TAKE, function

from jotbase.errors import AccessError, RequestError
from jotbase.query.plan.functions import Function, Parameter, check_caller, resolve_overload
from jotbase.schema.model.tables import Type
from jotbase.values import ANONYMOUS, SERVICE_PRINCIPAL, Principal


@pytest.mark.parametrize(
    ("name", "names", "body", "expected"),
    [
        ("add", ["a"], "json", ADD),
        ("add", ["a", "b"], "", ADD),
        ("sum", [], "", SUM),
        ("take", None, "json", TAKE),
        ("take", ["any", "thing"], "json", TAKE),
        ("echo", None, "text", ECHO),
    ],
)
def test_a_function_is_chosen_by_its_parameters(
    name: str, names: Sequence[str] | None, body: str, expected: Function
) -> None:
    """All required ones, none that it does not have; or the one that takes the whole body."""
    assert resolve_overload(FUNCTIONS, name, names, body) is expected


@pytest.mark.parametrize(
    ("name", "names", "body", "message", "hint"),
    [
        (
            "ad",
            ["a"],
            "",
            "Could not find the function public.ad(a) in the schema cache",
            "Perhaps you meant to call the function public.add",
        ),
        (
            "add",
            ["a", "c"],
            "json",
            "Could not find the function public.add(a, c) in the schema cache",
            "Perhaps you meant to call the function public.add(a, b)",
        ),
        (
            "nowhere",
            [],
            "",
            "Could not find the function public.nowhere without parameters in the schema cache",
            None,
        ),
        ("add", None, "text", "Could not find the function public.add in the schema cache", None),
    ],
)
def test_what_fits_no_function_is_told(
    name: str, names: Sequence[str] | None, body: str, message: str, hint: str | None
) -> None:
    """With the nearest name, or the nearest list of parameters."""
    with pytest.raises(RequestError) as refused:
        resolve_overload(FUNCTIONS, name, names, body)

    assert (refused.value.code, refused.value.message, refused.value.hint) == (
        "PGRST202",
        message,
        hint,
    )


def test_functions_that_fit_alike_are_listed() -> None:
    """Types do not choose between functions, names do."""
    with pytest.raises(RequestError) as refused:
        resolve_overload(FUNCTIONS, "twice", ["x"], "")

    assert refused.value.code == "PGRST203"
    assert refused.value.message.endswith(
        "between: public.twice(x => integer), public.twice(x => text)"
    )


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        (ANONYMOUS, 401),
        (Principal("other"), 403),
        (Principal("authenticated"), None),
        (SERVICE_PRINCIPAL, None),
    ],
)
def test_roles_say_who_may_call(caller: Principal, status: int | None) -> None:
    """The service role may call everything."""
    one = function("f", roles=frozenset(("authenticated",)))
    found: int | None = None
    try:
        check_caller(one, caller)
    except AccessError as error:
        found = error.status
    assert found == status


NAMELESS = function("greet", whole=Parameter("_", Type.TEXT, required=False))
EMPTY = function("greet")


@pytest.mark.parametrize(
    ("known", "names", "body", "expected"),
    [
        ((ECHO,), [""], "json", ECHO),
        ((ECHO,), [""], "", ECHO),
        ((NAMELESS,), [], "", NAMELESS),
        ((NAMELESS, EMPTY), [""], "json", NAMELESS),
        ((NAMELESS, EMPTY), None, "text", NAMELESS),
    ],
)
def test_a_parameter_without_a_name_is_called_by_none(
    known: tuple[Function, ...], names: Sequence[str] | None, body: str, expected: Function
) -> None:
    """In JSON and in a query it is the argument whose name is empty."""
    assert resolve_overload({"it": known}, "it", names, body) is expected


@pytest.mark.parametrize("order", [1, -1])
def test_what_could_be_meant_is_listed_as_it_was_declared(order: int) -> None:
    """`f()` beside `f(text)` with a default: neither is better."""
    known = (NAMELESS, EMPTY)[::order]

    with pytest.raises(RequestError) as refused:
        resolve_overload({"greet": known}, "greet", [], "")

    listed = ["public.greet( => text)", "public.greet()"][::order]
    assert refused.value.code == "PGRST203"
    assert refused.value.message.endswith("between: " + ", ".join(listed))
