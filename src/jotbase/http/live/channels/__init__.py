"""The channels of WebSockets: joining, rights, quotas, messages."""
