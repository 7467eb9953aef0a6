"""All settings in one table (name, type, default, help), read from environment variables."""

from jotbase.settings.reading import changed, read_settings, settings_help
from jotbase.settings.table import PREFIX, Settings, variable

__all__ = ["PREFIX", "Settings", "changed", "read_settings", "settings_help", "variable"]
