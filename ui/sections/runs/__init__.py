"""The sections of Runs."""
