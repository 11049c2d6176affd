"""The component `live_pictures`: Python side, script and style."""
