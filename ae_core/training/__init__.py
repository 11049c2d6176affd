"""The training loop, the optimisers, and where tensors are computed."""
