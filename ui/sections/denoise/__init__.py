"""The sections of Denoise."""
