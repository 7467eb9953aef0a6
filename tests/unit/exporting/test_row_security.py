"""Twin of jotbase.exporting.row_security."""

from __future__ import annotations

from tests.unit.access.board import JOBS, policy

from jotbase.exporting.row_security import RowSecurity, row_security

ENABLED = "ALTER TABLE jobs ENABLE ROW LEVEL SECURITY"
TO = "TO anon, authenticated"


def made(**rules: str) -> RowSecurity:
    """Return the row-level security of jobs under these rules, identifiers unquoted."""
    found = row_security(policy(**rules), JOBS)
    found.statements = [one.replace('"', "") for one in found.statements]
    return found


def test_no_rule_is_no_policy() -> None:
    """Row-level security without a policy lets nobody through."""
    assert made().statements == [ENABLED]
    assert made().granted == []


def test_a_rule_of_the_row_alone_is_a_condition() -> None:
    """It stands in the policy itself, and can use indexes."""
    assert made(select="row.open and row.posted_by == user.id").statements == [
        ENABLED,
        f"CREATE POLICY jobs_select_policy ON jobs FOR SELECT {TO}"
        " USING ((jobs.open) AND (jobs.posted_by = (SELECT auth.uid())))",
    ]


def test_an_update_rule_without_new_holds_for_both_rows() -> None:
    """As a USING without WITH CHECK does in PostgreSQL."""
    assert made(update="row.open").statements[1:] == [
        f"CREATE POLICY jobs_update_policy ON jobs FOR UPDATE {TO}"
        " USING ((jobs.open)) WITH CHECK ((jobs.open))"
    ]


def test_what_compares_two_rows_is_a_trigger() -> None:
    """A policy sees one row: the part that names both is held by a trigger for callers alone."""
    policy_, function, trigger = made(update="row.open and new.id == row.id").statements[1:]

    assert policy_.endswith("USING ((jobs.open)) WITH CHECK (TRUE)")
    assert "IF row_security_active(TG_RELID) AND NOT coalesce((NEW.id = OLD.id), FALSE)" in function
    assert trigger == (
        "CREATE TRIGGER jobs_update_check BEFORE UPDATE ON jobs"
        " FOR EACH ROW EXECUTE FUNCTION jotbase_rules.jobs_update_check()"
    )


def test_other_tables_are_asked_by_a_function() -> None:
    """With the rights of its owner, since a rule sees all rows of the tables that it names."""
    function, policy_ = made(insert="new.company.owner == user.id").statements[1:]

    assert function.startswith(
        "CREATE FUNCTION jotbase_rules.jobs_insert_1_rule(text) RETURNS boolean LANGUAGE sql"
        " STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $rule$SELECT"
    )
    assert policy_.endswith("WITH CHECK ((jotbase_rules.jobs_insert_1_rule(jobs.company)))")


def test_a_function_ends_where_its_body_does() -> None:
    """A rule may hold the mark that bodies are quoted by."""
    rule = "any(c.handle == '$rule$' for c in companies if c.handle == row.company)"

    assert "AS $rule_$SELECT EXISTS" in made(select=rule).statements[1]
    assert made(select=rule).statements[1].endswith("$rule_$")


def test_a_rule_that_does_not_translate_closes_its_action() -> None:
    """Nobody is let in by guess, and the reason is told with the rule."""
    found = made(select="True", delete="user.claims['until'] > row.created_at")

    assert (found.granted, len(found.statements)) == (["select"], 2)
    assert found.notes == [
        "jobs: nobody may delete: the rule does not translate, it compares claims.until as"
        " timestamptz: user.claims['until'] > row.created_at"
    ]
