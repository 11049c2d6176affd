"""The component `dial`: Python side, script and style."""
