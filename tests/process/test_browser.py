"""The job board in two browser windows: what one does, the other shows at once."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.process.server import command, serving

SCRIPT = Path(__file__).with_name("board.mjs")


@pytest.mark.browser
def test_a_job_posted_in_one_window_shows_in_the_other(tmp_path: Path) -> None:
    """A signed-out window sees a posted job without a reload, and neither window complains."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or "google-chrome"
    assert command("init", str(tmp_path), "--example", "jobs").returncode == 0
    with serving(tmp_path) as served:
        done = subprocess.run(
            ["node", str(SCRIPT), served.url, chromium],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"problems": [], "jobs": 29, "seen_at_once": 1, "after": 30}
