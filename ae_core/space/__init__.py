"""The space of codes: planes through it, maps of it, and ways from one code to another."""
