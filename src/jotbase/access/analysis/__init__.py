"""What rules allow: advice, verdicts on a row, rules and statements as readable SQL."""
