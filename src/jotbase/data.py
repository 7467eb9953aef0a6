"""What a project's files mean, and the data API made of it.

In charge of reading schemas and rules together, and of handing each table its checks, defaults and
rules. Must not know sockets, nor where a database is.
"""

from __future__ import annotations
