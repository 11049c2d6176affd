"""Pictures from outside: read, checked, and turned to the shape that a model takes."""
