"""The rules applied: folded into plans, checked on written rows."""
