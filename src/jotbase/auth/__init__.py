"""Who somebody is: tokens, keys, passwords, sessions and accounts, as pure functions of values."""
