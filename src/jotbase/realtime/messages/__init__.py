"""What a connection says and hears: frames, joins, cursors, events, errors."""
