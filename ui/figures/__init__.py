"""Arrays become pictures, charts, words and files."""
