"""Types of the project. Made by `jotbase types --lang python`: do not edit, make it again."""

# ruff: noqa
# fmt: off

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict


ApplicationsStatus: TypeAlias = Literal["sent", "reviewing", "interview", "offered", "declined"]


JobsEmployment: TypeAlias = Literal["full-time", "part-time", "contract", "internship"]


JobsStatus: TypeAlias = Literal["draft", "open", "closed"]


class Applications(TypedDict):
    """A person applies to a job, once. The applicant and the company's owner see it."""

    id: str
    job: int
    applicant: str
    note: str
    status: ApplicationsStatus
    created_at: str


class ApplicationsInsert(TypedDict):
    job: int
    applicant: NotRequired[str]
    note: str
    status: NotRequired[ApplicationsStatus]


class ApplicationsUpdate(TypedDict):
    job: NotRequired[int]
    applicant: NotRequired[str]
    note: NotRequired[str]
    status: NotRequired[ApplicationsStatus]


class Companies(TypedDict):
    """Who hires. Known by a handle, which stands in URLs and never changes."""

    handle: str
    name: str
    about: str
    website: str | None
    city: str | None
    owner: str | None
    created_at: str


class CompaniesInsert(TypedDict):
    handle: str
    name: str
    about: NotRequired[str]
    website: NotRequired[str | None]
    city: NotRequired[str | None]
    owner: NotRequired[str | None]


class CompaniesUpdate(TypedDict):
    handle: NotRequired[str]
    name: NotRequired[str]
    about: NotRequired[str]
    website: NotRequired[str | None]
    city: NotRequired[str | None]
    owner: NotRequired[str | None]


class Jobs(TypedDict):
    """Positions: everybody reads open and closed ones, drafts are for their poster alone."""

    id: int
    title: str
    company: str
    description: str
    employment: JobsEmployment
    remote: bool
    location: str | None
    salary: int | None
    equity: float | None
    tags: list[str]
    status: JobsStatus
    posted_by: str | None
    created_at: str


class JobsInsert(TypedDict):
    title: str
    company: str
    description: str
    employment: NotRequired[JobsEmployment]
    remote: NotRequired[bool]
    location: NotRequired[str | None]
    salary: NotRequired[int | None]
    equity: NotRequired[float | None]
    tags: NotRequired[list[str]]
    status: NotRequired[JobsStatus]
    posted_by: NotRequired[str | None]


class JobsUpdate(TypedDict):
    title: NotRequired[str]
    company: NotRequired[str]
    description: NotRequired[str]
    employment: NotRequired[JobsEmployment]
    remote: NotRequired[bool]
    location: NotRequired[str | None]
    salary: NotRequired[int | None]
    equity: NotRequired[float | None]
    tags: NotRequired[list[str]]
    status: NotRequired[JobsStatus]
    posted_by: NotRequired[str | None]


class Profiles(TypedDict):
    """What a person says about themselves; read by them and by companies they applied to."""

    id: str
    name: str
    headline: str | None
    about: str | None
    contact: str | None
    website: str | None
    skills: list[str]
    created_at: str


class ProfilesInsert(TypedDict):
    id: NotRequired[str]
    name: str
    headline: NotRequired[str | None]
    about: NotRequired[str | None]
    contact: NotRequired[str | None]
    website: NotRequired[str | None]
    skills: NotRequired[list[str]]


class ProfilesUpdate(TypedDict):
    id: NotRequired[str]
    name: NotRequired[str]
    headline: NotRequired[str | None]
    about: NotRequired[str | None]
    contact: NotRequired[str | None]
    website: NotRequired[str | None]
    skills: NotRequired[list[str]]
