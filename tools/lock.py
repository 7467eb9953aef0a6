"""Write requirements.lock and requirements-dev.lock from pyproject.toml.

In charge of: asking pip for one consistent set, and keeping names and versions alone. The run lock
is a part of the development lock, so that what is tested is what runs.
Must not know: where packages come from. No host, path or link may stand in a lock file.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Made by `make lock` from pyproject.toml. Change it there.\n"


def resolve(requirements: list[str], constraints: str) -> dict[str, str]:
    """Return the version pip would install of every package, by name."""
    with tempfile.TemporaryDirectory() as folder:
        report, bounds = Path(folder, "report.json"), Path(folder, "constraints.txt")
        bounds.write_text(constraints)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
        command += ["--ignore-installed", "--report", str(report), "-c", str(bounds)]
        subprocess.run([*command, *requirements], check=True)
        chosen = [entry["metadata"] for entry in json.loads(report.read_text())["install"]]
    return {package["name"].lower().replace("_", "-"): package["version"] for package in chosen}


def pins(versions: dict[str, str]) -> str:
    """Return the versions in pip's requirements format, sorted by name."""
    return "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))


def main() -> None:
    """Resolve the larger set first, then the smaller one within it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    run, dev = project["dependencies"], project["optional-dependencies"]["dev"]
    everything = pins(resolve(run + dev, ""))
    (ROOT / "requirements-dev.lock").write_text(HEADER + everything)
    (ROOT / "requirements.lock").write_text(HEADER + pins(resolve(run, everything)))


if __name__ == "__main__":
    main()
