"""The sections of Latent space."""
