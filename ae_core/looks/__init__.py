"""Computations that pages ask for and notebooks call: pure functions of runs and data sets."""
