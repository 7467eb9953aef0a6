"""The project's folder `mails/`: its own texts of mails.

In charge of reading the files. What is in them is read by `auth.mail.templates`.
"""

from __future__ import annotations

from jotbase.auth.mail.templates import Templates, read_templates
from jotbase.errors import Fault, ProjectError
from jotbase.project.folder import Project

FOLDER = "mails"


def mail_templates(project: Project) -> Templates:
    """Return the templates of a project. Raises ProjectError with all that is wrong with them."""
    folder = project.root / FOLDER
    files: dict[str, str] = {}
    faults: list[Fault] = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix not in (".txt", ".html") or not path.is_file():
            continue
        try:
            files[name] = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            faults.append(Fault(f"{FOLDER}/{name}", "", f"cannot be read: {error}"))
    templates, wrong = read_templates(files)
    if faults or wrong:
        raise ProjectError([*faults, *wrong])
    return templates
