# A project's package is dropped in under another name; the fixture names the parameters.
# ruff: noqa: A002, TID252
"""Functions that return rows of tables, which can be selected, filtered, embedded and paged.

In charge of choosing rows, as the caller may see them. Must not know what is asked of the result.
"""

from __future__ import annotations

from jotbase.functions import rpc

from .shapes import (
    Article,
    Capital,
    Country,
    Item,
    Item2,
    Language,
    Project,
    Record,
    Text,
    User,
    Videogame,
    Yard,
    first,
    read,
)


@rpc
def getproject(id: int) -> list[Project]:
    """Return the project with this id, as a set of one or none."""
    return read("projects", id=f"eq.{id}")


@rpc(reads=True)
def getproject_domain(id: int) -> list[Project]:
    """Return the project with this id; a domain over a row type is that row type."""
    return read("projects", id=f"eq.{id}")


@rpc
def getallprojects() -> list[Project]:
    """Return all projects."""
    return read("projects")


@rpc
def get_projects_above(id: int) -> list[Project]:
    """Return the projects with a higher id."""
    return read("projects", id=f"gt.{id}")


@rpc
def get_projects_below(id: int) -> list[Project]:
    """Return the projects with a lower id."""
    return read("projects", id=f"lt.{id}")


@rpc(reads=True)
def getallusers() -> list[User]:
    """Return all users."""
    return read("users")


@rpc(reads=True)
def getallvideogames() -> list[Videogame]:
    """Return all games."""
    return read("videogames")


@rpc(reads=True)
def getitemrange(min: int, max: int) -> list[Item]:
    """Return the items above `min` and up to `max`."""
    return read("items", **{"and": f"(id.gt.{min},id.lte.{max})"})


@rpc(reads=True)
def search(id: int) -> list[Item]:
    """Return the item with this id."""
    return read("items", id=f"eq.{id}")


@rpc(reads=True)
def search2(id: int) -> list[Item2]:
    """Return the item of the other table with this id."""
    return read("items2", id=f"eq.{id}")


@rpc
def single_article(id: int) -> Article | None:
    """Return one article: an object, not a set of one."""
    return first(read("articles", id=f"eq.{id}"))


@rpc(reads=True)
def allcapitals() -> list[Capital]:
    """Return all capitals."""
    return read("capital")


@rpc(reads=True)
def allcountries() -> list[Country]:
    """Return all countries."""
    return read("country")


@rpc
def get_tiobe_pls() -> list[Language]:
    """Return all programming languages."""
    return read("tiobe_pls")


@rpc
def get_tsearch() -> list[Text]:
    """Return all texts to be searched."""
    return read("tsearch")


@rpc
def get_yards() -> list[Yard]:
    """Return all yards."""
    return read("yards")


@rpc
def returns_record() -> Record | None:
    """Return one project as a record: a row whose columns nothing declares."""
    return first(read("projects", limit=1))


@rpc
def returns_record_params(id: int, name: str) -> Record | None:
    """Return the project with this id and a name like this one, as a record."""
    return first(read("projects", id=f"eq.{id}", name=f"like.{name}"))


@rpc
def returns_setof_record() -> list[Record]:
    """Return two projects as records."""
    return [dict(row) for row in read("projects", limit=2)]


@rpc
def returns_setof_record_params(id: int, name: str) -> list[Record]:
    """Return the projects from this id on with a name like this one, as records."""
    found = read("projects", id=f"gte.{id}", name=f"like.{name}")
    return [dict(row) for row in found]
