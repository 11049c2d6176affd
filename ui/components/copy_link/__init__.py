"""The component `copy_link`: Python side, script and style."""
