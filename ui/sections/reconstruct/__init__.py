"""The sections of Reconstruct."""
