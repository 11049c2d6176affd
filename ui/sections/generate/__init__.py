"""The sections of Generate."""
