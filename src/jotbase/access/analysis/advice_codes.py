"""The codes of advice: when each is given, and what to do if that is not intended.

In charge of the texts alone. Must not know how a rule is looked at (`advice`).
"""

from __future__ import annotations

from collections.abc import Mapping

#: The codes of advice: (when it is given, what to do if that is not intended).
ADVICE: Mapping[str, tuple[str, str]] = {
    "accounts-in-view": (
        "a view shows what the server keeps: accounts, or its own notes",
        "leave the columns out, or take the view's `access` away",
    ),
    "anonymous-user": (
        "a rule lets through whoever is signed in, and JOTBASE_ANONYMOUS_USERS lets anybody sign in"
        " without an address",
        "ask for `user.claims['is_anonymous'] == False`, or for the row to be the caller's own",
    ),
    "anonymous-write": (
        "a visitor who has not signed in may add, change or delete rows",
        "ask for `user.id is not None`, or for the row to be the caller's own",
    ),
    "foreign-owner": (
        "whoever is signed in may add rows that are somebody else's by the table's other rules",
        "hold the new row against the caller: `new.owner == user.id`",
    ),
    "generated-unique": (
        "a key is computed from other columns, beside rules about callers: who adds a row learns of"
        " rows that the rules hide, by any value that comes to the same",
        "make the key of the columns themselves, or of a UUID",
    ),
    "nocase-unique": (
        "the database compares a key whatever the case, so that `Ada` takes the place of `ada`:"
        " who adds a row learns of rows that the rules hide, and an upsert reaches for them",
        "store keys in one case, or make the column's collation BINARY",
    ),
    "open-function": (
        "a function that may write is callable by everybody, visitors too",
        'name who may call it: `@rpc(roles=["authenticated"])`',
    ),
    "open-realtime": (
        "everybody may follow each change of a table, without signing in: rows that are there for"
        " a moment, and when and how often they change",
        'narrow the `select` rule, or take `"realtime"` away',
    ),
    "open-rows": (
        "everybody may read all rows of a table with `writeOnly` columns, which alone keep what is"
        " secret in it",
        "narrow the `select` rule, or put those columns into a table of their own",
    ),
    "owner-given-away": (
        "an update may make a row somebody else's: its rule asks whose the old row is, and not"
        " whose the new one is",
        "say of the new row too: `new.owner == row.owner`",
    ),
    "readable-secret": (
        "a column whose name sounds secret is sent to everybody whom the `select` rule lets see"
        " a row, and it lets any stranger",
        'write "writeOnly": true in the column, or narrow the rule',
    ),
    "rule-scans": (
        "a rule looks through a whole table for each row that it is asked of",
        'add the columns that it compares to the other table\'s "indexes"',
    ),
    "self-granted": (
        "a rule asks another table for a row of the caller's, and the caller may add or change"
        " such a row there without limits",
        "let only those add it who may grant it, or pin the columns: `new.role == row.role`",
    ),
    "shown-secret": (
        "a computed column or a view looks at a `writeOnly` column, and may be read itself",
        'write "writeOnly": true in the column that shows it, or leave it out',
    ),
    "stale-acknowledgement": (
        'a file\'s "acknowledges" names advice that is not given any more',
        "take it out",
    ),
    "stranger-write": (
        "whoever is signed in may change or delete rows that are not their own",
        "hold the row against the caller: `row.owner == user.id`",
    ),
    "text-default": (
        "a default is text that looks like an expression, and is stored as that text",
        'write "defaultExpression"',
    ),
    "unique-secret": (
        "a `writeOnly` column is part of a key: who adds a row learns whether a value is there",
        "take it out of the key",
    ),
    "unproven-email": (
        "a rule trusts `user.email`, and addresses count without a mail to them",
        "set JOTBASE_SMTP_URL, or JOTBASE_MAIL_AUTOCONFIRM=false",
    ),
    "unproven-phone": (
        "a rule trusts `user.claims['phone']`, and nobody proves a number here: the token has what"
        " the service role wrote, confirmed or not",
        "use `user.id`, or `user.claims['app_metadata']`",
    ),
    "user-metadata-trusted": (
        "a rule trusts `user.claims['user_metadata']`, which users write themselves",
        "use `user.roles` or `user.claims['app_metadata']`, which only the service role sets",
    ),
}
