"""Each metric is described on the page on running a server."""

from pathlib import Path

from jotbase.http.live.metrics import METRICS

PAGE = (Path(__file__).parents[2] / "docs/running.md").read_text("utf-8")


def test_each_metric_is_described() -> None:
    """By its name, in the table; and the page names none that is not there."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `jotbase_")]
    named = {part for line in rows for part in line.split("`") if part.startswith("jotbase_")}

    assert named == {name for name, _, _ in METRICS}
