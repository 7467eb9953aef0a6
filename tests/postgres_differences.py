"""What PostgreSQL answers otherwise than SQLite, or not yet: every test, and why.

In charge of the list alone. A listed test is run on PostgreSQL and must fail there: one that passes
breaks the run, so that no entry stays longer than it is true. An entry is a file and a test's name;
with the rest of its id in brackets it is that case alone.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Reason to tests.
DIFFERENCES: Mapping[str, tuple[str, ...]] = {
    "numeric keeps all digits; the embedded database keeps 15": (
        "api/test_bad_input.py::test_a_value_that_its_column_cannot_hold_is_refused"
        "[postgres-price-12345678901234567890123-22003]",
        "api/test_bad_input.py::test_a_value_that_its_column_cannot_hold_is_refused"
        '[postgres-price-"1e400"-22003]',
        "api/test_bad_input.py::test_a_value_that_its_column_cannot_hold_is_refused"
        '[postgres-price-"1234567890.1234567"-22003]',
    ),
    "a sequence is not rolled back, so that refused rows and trials leave gaps in its numbers": (
        "api/test_numbering.py::test_taken_numbers_are_passed_over",
        "api/test_numbering.py::test_an_upsert_meets_no_row_by_a_number_that_nobody_gave",
        "api/test_presence.py::test_one_of_two_ways_to_be_reached",
        "api/test_writes_judged.py::test_numbers_and_computed_columns_are_judged_as_they_will_be",
    ),
    "jsonb writes a document with blanks, and its numbers as decimals": (
        "api/test_order.py::test_rows_before_a_value_are_those_that_are_less[postgres-mixed]",
        "api/test_order.py::test_rows_before_a_value_are_those_that_are_less[postgres-json]",
        "api/test_small_print.py::test_a_part_of_a_document_may_be_cast_to_text",
    ),
    "a regular expression is as costly as it is, until the statement's time is up": (
        "api/test_values.py::test_a_text_that_is_too_long_spoils_no_question",
    ),
    "a column holds nothing but its type, so that nobody can write such a value by hand": (
        "api/test_standing.py::test_a_log_that_was_emptied_hides_nothing",
        "api/test_standing.py::test_what_was_written_by_hand_shuts_out"
        '[postgres-UPDATE "auth.users" SET "banned_until" = \'for ever\' WHERE "id" = ?]',
        "api/test_standing.py::test_what_was_written_by_hand_shuts_out"
        '[postgres-UPDATE "auth.sessions" SET "id" = "id" || \'x\' WHERE "user_id" = ?]',
    ),
    "what a row computes is fixed: PostgreSQL takes no expression that a clock could change": (
        "api/test_records_schema.py::"
        "test_a_row_that_makes_a_computed_column_ask_for_the_time_is_refused",
    ),
    "an index takes no text of more than 2,704 bytes": (
        "contract/test_changes.py::test_large_changes_come_a_few_at_a_time",
    ),
    "the log holds whole rows, as its trigger for all tables writes them": (
        "contract/test_changes.py::test_rows_are_decoded_by_the_given_decoder",
    ),
    "a bound value has the type that its place has, and is not turned into another": (
        "contract/test_engine.py::test_a_read_returns_rows_as_tuples",
        "contract/test_refusals.py::test_a_value_that_does_not_fit[asyncio-postgres-INSERT INTO"
        " jobs (title, salary) VALUES ('a', ?)-values2-42804-400-column \"salary\" is of type"
        " bigint but expression is of type text]",
        "contract/test_refusals.py::test_a_value_that_does_not_fit[uvloop-postgres-INSERT INTO"
        " jobs (title, salary) VALUES ('a', ?)-values2-42804-400-column \"salary\" is of type"
        " bigint but expression is of type text]",
    ),
    "who writes a row has it locked until the end; others wait, and are then run again": (
        "contract/test_paused_calls.py::test_code_that_pauses_with_a_write_holds_up_nobody",
        "contract/test_paused_calls.py::test_a_row_that_two_change_is_no_lost_update",
        "contract/test_paused_calls.py::test_a_call_that_must_not_run_twice_is_refused",
    ),
    "the plan is PostgreSQL's own": ("api/test_plans.py::test_a_read_shows_how_it_is_found",),
    "the test reaches into the embedded database": (
        "contract/test_engine.py::test_what_a_unit_makes_of_many_rows_is_made_in_a_thread",
        "api/test_merges.py::test_two_rows_that_meet_by_a_computed_key_are_one",
        "api/test_pages.py::test_health_tells_what_is_wrong",
        "contract/test_changes.py::test_pruning_by_age",
        "contract/test_changes.py::test_direct_writes_ring_and_are_logged",
        "contract/test_changes.py::test_the_log_is_looked_at_whatever_statements_cost",
        "contract/test_changes.py::test_a_statement_that_failed_in_the_middle_is_noticed",
        "contract/test_changes.py::test_changes_carry_both_rows_in_order",
        "contract/test_engine.py::test_a_write_gives_back_no_more_than_fits",
        "contract/test_history.py::test_a_new_table_has_no_changes_of_an_earlier_one",
        "contract/test_history.py::test_a_restored_backup_does_not_know_later_cursors",
        "contract/test_history.py::test_realtime_switched_off_and_on_ends_what_was_told_before",
        "contract/test_paused_calls.py::test_writes_that_cannot_be_put_aside_are_ended",
        "contract/test_paused_calls.py::test_code_inside_a_statement_runs_in_a_thread",
        "contract/test_refusals.py::test_a_table_that_has_given_its_last_number",
        "contract/test_refusals.py::test_constraints_bear_the_names_they_are_given",
        "contract/test_refusals.py::test_a_virtual_key_of_a_table_without_row_numbers",
    ),
    "to_tsvector reads the texts of a document's values, and not its keys": (
        "api/test_searches.py::test_documents_are_searched[postgres-query3-ids3]",
    ),
    "not there yet: groups are ordered by an expression with values of its own": (
        "api/test_small_print.py::test_groups_are_ordered_by_what_they_are_grouped_by",
    ),
}


#: What holds of one writer alone: on PostgreSQL units run side by side, in an order of chance, and
#: what is refused leaves gaps in the numbers. These are skipped.
ONE_WRITER = (
    "contract/test_paused_calls.py::test_code_that_does_nothing_is_ended_by_its_time",
    "contract/test_calls.py::test_what_a_call_raises_undoes_it",
    "contract/test_engine.py::test_a_failing_unit_leaves_its_neighbours_alone",
    "contract/test_engine.py::test_a_failing_unit_consumes_no_numbers",
    "contract/test_engine.py::test_a_unit_past_its_time_is_undone_alone",
    "contract/test_engine.py::test_a_write_past_its_time_is_undone_alone",
    "contract/test_engine.py::test_an_upgrade_takes_as_long_as_it_takes",
    "contract/test_engine.py::test_a_dear_write_and_its_neighbours_are_all_kept",
    "contract/test_engine.py::test_a_caller_cancelled_before_its_turn_is_left_out",
    "contract/test_engine.py::test_a_caller_cancelled_in_its_turn_spoils_nothing",
    "contract/test_engine.py::test_closing_finishes_what_is_under_way",
)


def needs_one_writer(name: str) -> bool:
    """Say whether a test is of one writer alone."""
    return name.partition("[")[0] in ONE_WRITER


def known_difference(name: str) -> str | None:
    """Return why a test fails on PostgreSQL; None if it must pass. `name` is below tests/."""
    for reason, listed in DIFFERENCES.items():
        if name in listed or name.partition("[")[0] in listed:
            return reason
    return None
