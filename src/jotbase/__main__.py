"""`python -m jotbase` is the command `jotbase`."""

import sys

from jotbase.cli import main

sys.exit(main())
