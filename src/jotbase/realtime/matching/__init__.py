"""Who follows what: filters and rules, groups of subscribers, a change matched with them."""
