"""The component `latent_guest`: Python side, script and style."""
