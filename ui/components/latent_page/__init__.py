"""The component `latent_page`: Python side, script and style."""
