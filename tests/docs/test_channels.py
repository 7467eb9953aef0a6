"""The page on channels shows the transition table of the code."""

from pathlib import Path

from jotbase.realtime.messages.channel import TRANSITIONS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "channels.md"


def drawn() -> str:
    """Return the table as the reference page holds it."""
    lines = ["| state | event | steps | then |", "| --- | --- | --- | --- |"]
    for state, row in TRANSITIONS.items():
        for event, move in row.items():
            steps = "; ".join(step.value for step in move.steps) or "nothing"
            lines.append(f"| {state.value} | {event.value} | {steps} | {move.then.value} |")
    return "\n".join(lines)


def test_the_reference_page_shows_the_table() -> None:
    """The page is drawn from the code, so the two cannot part."""
    assert drawn() in PAGE.read_text()
