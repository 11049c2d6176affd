"""The sections of Start."""
