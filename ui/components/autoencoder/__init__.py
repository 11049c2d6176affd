"""The component `autoencoder`: Python side, script and style."""
