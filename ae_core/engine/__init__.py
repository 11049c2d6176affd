"""Where trainings and long computations run: worker processes, and one beside them for pages."""
