"""The component `latent_pad`: Python side, script and style."""
