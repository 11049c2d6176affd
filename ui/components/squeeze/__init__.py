"""The component `squeeze`: Python side, script and style."""
