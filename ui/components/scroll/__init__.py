"""The component `scroll`: Python side and script."""
