"""Measurements of speed, side by side in one run: this machine's own numbers, never a test's condition."""
