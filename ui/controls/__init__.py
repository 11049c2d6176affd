"""Widgets, and what they chose, all in the address."""
