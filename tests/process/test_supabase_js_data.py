"""Every method of the official JavaScript client's data builder, on the job board."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.process.board import SETTINGS, job_board
from tests.process.server import serving

SCRIPT = Path(__file__).with_name("supabase_js_data.mjs")

pytestmark = pytest.mark.node

#: What came of each question: data, or the code of an error; a status that is not 200; a count.
EXPECTED: dict[str, Any] = {
    "insert": None,
    "insert: status": 201,
    "insert and select": {"handle": "blue", "about": ""},
    "insert and select: status": 201,
    "insert many": [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}],
    "insert many: status": 201,
    "insert, refused by the schema": "23514",
    "insert, refused by the schema: status": 400,
    "insert, key taken": "23505",
    "insert, key taken: status": 409,
    "insert, unknown column": "PGRST204",
    "insert, unknown column: status": 400,
    "insert with defaults": [{"about": "x"}, {"about": ""}],
    "insert with defaults: count": 2,
    "insert with defaults: status": 201,
    "upsert": [{"handle": "cyan", "name": "Cyan 2"}],
    "upsert, ignoring": [{"name": "East"}],
    "upsert, ignoring: status": 201,
    "upsert with defaults": [{"handle": "cyan", "about": ""}, {"handle": "west", "about": "w"}],
    "upsert with defaults: count": 2,
    "upsert with defaults: status": 201,
    "upsert, one": {"name": "West 2"},
    "insert, two for one": "PGRST116",
    "insert, two for one: status": 406,
    "eq": [3],
    "neq": [3, 4],
    "gt": [2],
    "gte": [1, 2],
    "lt": [4],
    "lte": [1, 4],
    "like": [1, 2],
    "like, case": [],
    "ilike": [1, 2],
    "likeAllOf": [1],
    "likeAnyOf": [2, 3],
    "ilikeAllOf": [1],
    "ilikeAnyOf": [2, 3],
    "regexMatch": [1, 2],
    "regexIMatch": [1, 2],
    "is null": [3],
    "is true": [1, 3, 4],
    "isDistinct": [2, 3, 4],
    "in": [2, 3],
    "notIn": [3, 4],
    "contains": [1, 4],
    "containedBy": [2, 3, 4],
    "overlaps": [1, 2],
    "textSearch": [1, 2],
    "textSearch, web": [1],
    "textSearch, phrase": [2],
    "textSearch, operators": [2, 3],
    "match": [3],
    "not": [3, 4],
    "or": [2, 3],
    "or, nested": [1, 4],
    "filter": [1, 2],
    "rangeGt, no ranges": "42883",
    "in, reserved characters": [4],
    "or, quoted": [4],
    "filter, negated": [2, 3],
    "not, in": [3, 4],
    "contains, as text": [2],
    "match, two columns": [2],
    "unknown column": "42703",
    "ranges": [
        {"floors": "[1,4)", "during": '["2026-05-01 08:00:00+00","2026-05-02 00:00:00+00")'},
        {"floors": "[4,7)", "during": '["2026-05-02 00:00:00+00",)'},
        {"floors": "[8,10)", "during": "empty"},
    ],
    "ranges: status": 201,
    "rangeGt": [2, 3],
    "rangeGte": [2, 3],
    "rangeLt": [1, 2],
    "rangeLte": [1, 2],
    "rangeAdjacent": [2, 3],
    "overlaps, ranges": [1, 2],
    "contains, ranges": [2],
    "containedBy, ranges": [1, 2],
    "eq, ranges": [1],
    "rangeGt, malformed": "22P02",
    "order, ranges": [{"id": 3}, {"id": 2}, {"id": 1}],
    "insert, no range": "23514",
    "insert, no range: status": 400,
    "select, renamed and cast": [{"called": "Python developer", "pay": "60000"}],
    "select, to one": {"title": "Python developer", "company": {"name": "Acme"}},
    "select, to many": [{"name": "Acme", "jobs": [{"id": 1}, {"id": 2}]}],
    "select, inner": [{"name": "Blue", "jobs": [{"id": 4}]}],
    "select, spread": [{"id": 3, "firm": "Blue"}],
    "select, unrelated": "PGRST200",
    "select, unrelated: status": 400,
    "or, in an embed": [{"handle": "acme", "jobs": [{"id": 2}]}],
    "order": [{"id": 2}, {"id": 1}, {"id": 4}, {"id": 3}],
    "order, in an embed": [{"jobs": [{"id": 2}, {"id": 1}]}],
    "order, by an embed": [
        {"id": 3, "companies": {"name": "Blue"}},
        {"id": 4, "companies": {"name": "Blue"}},
    ],
    "limit": [{"id": 1}, {"id": 2}],
    "limit, in an embed": [{"jobs": [{"id": 1}]}],
    "range": [{"id": 2}, {"id": 3}],
    "count": [{"id": 1}],
    "count: count": 4,
    "count: status": 206,
    "count, planned": [{"id": 1}],
    "count, planned: count": 4,
    "count, planned: status": 206,
    "count, estimated": None,
    "count, estimated: count": 4,
    "range, in an embed": [{"jobs": [{"id": 2}]}],
    "range, beyond the end": "PGRST103",
    "range, beyond the end: status": 416,
    "limit, none": [],
    # The client takes a 404 without a body, as HEAD has it, for nothing to tell.
    "head, refused": None,
    "head, refused: status": 204,
    "head": None,
    "head: count": 4,
    "single": {"id": 1},
    "single, of none": "PGRST116",
    "single, of none: status": 406,
    "maybeSingle": None,
    "maybeSingle, of two": "PGRST116",
    "maybeSingle, of two: status": 406,
    "csv": 'id,title,remote,location\n1,"Python developer",t,\n2,"Go developer",f,Berlin',
    "csv, of none": "id,title",
    "single, as stripped": {"id": 3},
    "stripNulls": [{"id": 2, "salary": 70000}, {"id": 3}],
    "returns": [{"id": 1}],
    "explain, as json": "Query",
    "setHeader": "id\n1",
    "geojson": "PGRST107",
    "geojson: status": 406,
    "schema": "PGRST106",
    "schema: status": 406,
    "unknown table": "PGRST205",
    "unknown table: status": 404,
    "throwOnError": "42703",
    "abortSignal": True,
    "rpc": 3,
    "rpc, by get": 2,
    "rpc, rows": [{"id": 2, "companies": {"name": "Acme"}}],
    "rpc, rows: count": 1,
    "rpc, head": None,
    "rpc, head: count": 2,
    "rpc, single": {"title": "Python developer"},
    "rpc, wrong argument": "22P02",
    "rpc, wrong argument: status": 400,
    "rpc, refused": "P0001",
    "rpc, refused: status": 400,
    "rpc, nothing back": None,
    "rpc, nothing back: status": 204,
    "after rpc": [{"handle": "gale"}],
    "computed": [{"id": 2, "shouted": "GO DEVELOPER"}],
    "update": None,
    "update: status": 204,
    "update and select": [{"salary": 62000, "companies": {"name": "Acme"}}],
    "update, refused by the schema": "23514",
    "update, refused by the schema: status": 400,
    "update, unfiltered": "21000",
    "update, unfiltered: status": 400,
    "maxAffected": "PGRST124",
    "maxAffected: status": 400,
    "rollback": [{"salary": 64000}],
    "after those": {"salary": 62000},
    "delete": None,
    "delete: count": 1,
    "delete: status": 204,
    "delete and select": [{"title": "Designer"}],
    "delete, held by a reference": "23503",
    "delete, held by a reference: status": 409,
    "rpc, unknown": "PGRST202",
    "rpc, unknown: status": 404,
    "rpc, unknown, by get": "PGRST202",
    "rpc, unknown, by get: status": 404,
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Ask everything once, as the service role."""
    project = job_board(tmp_path_factory.mktemp("js"))
    with serving(project, env=SETTINGS) as served:
        done = subprocess.run(
            ["node", str(SCRIPT), served.url, served.keys["secret_key"]],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("name", EXPECTED)
def test_supabase_js_is_answered(told: dict[str, Any], name: str) -> None:
    """Each method gives what it gives on PostgREST, or the error that says why not."""
    assert told[name] == EXPECTED[name]


def test_supabase_js_explains(told: dict[str, Any]) -> None:
    """The plan is the database's own."""
    assert "SEARCH" in told["explain"]


def test_supabase_js_is_asked_nothing_else(told: dict[str, Any]) -> None:
    """Nothing that the script asked goes unlooked at."""
    assert told.keys() - {"explain"} == EXPECTED.keys()
