"""The rule language: texts of rules and default expressions to typed expressions."""
