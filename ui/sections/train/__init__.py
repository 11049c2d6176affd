"""The sections of Train."""
