"""Run folders: the recipe, the state, the weights and the log of a training."""
