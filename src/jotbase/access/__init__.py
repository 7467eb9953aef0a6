"""Who may do what: rules read into expressions, folded into plans, judged on rows, explained."""
