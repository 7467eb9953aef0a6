"""`make torture`: runs of half a minute, each from a seed of its own, until the time is over."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path
from time import monotonic

from tests.process.torture.run import run


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run, print each outcome, and say whether any was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long, in all")
    parser.add_argument("--seed", type=int, help="one run of this seed alone")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long one run is")
    options = parser.parse_args()
    end = monotonic() + options.minutes * 60
    while True:
        seed = options.seed if options.seed is not None else secrets.randbelow(1 << 31)
        _say(f"seed {seed} …")
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            outcome = run(Path(folder), seed, options.seconds)
        _say(str(outcome))
        if outcome.faults:
            _say(f'again: make torture ARGS="--seed {seed}"')
            return 1
        if options.seed is not None or monotonic() > end:
            return 0


if __name__ == "__main__":
    raise SystemExit(main())
