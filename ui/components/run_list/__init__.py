"""The component `run_list`: Python side, script and style."""
