"""The component `sketch_pad`: Python side, script and style."""
