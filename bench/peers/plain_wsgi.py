"""The views of a project under waitress, a plain WSGI server, with as many threads as ours."""

from __future__ import annotations

import os
import sys

import waitress

THREADS = 16


def main() -> None:
    """Serve the `app` of functions/ in the folder that BENCH_PROJECT names."""
    sys.path.insert(0, os.environ["BENCH_PROJECT"])
    from functions import app

    port = int(os.environ["BENCH_PORT"])
    waitress.serve(app, host="127.0.0.1", port=port, threads=THREADS, _quiet=True)


if __name__ == "__main__":
    main()
