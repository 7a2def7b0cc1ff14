"""Faults that a teacher starts on purpose: each is data, a name, and a wrapper around what it breaks.

``catalogue`` reads ``incidents/NAME.toml``; ``seams`` are the places of a component around which something
may be put; ``faults`` are what is put there; ``agent`` listens to orders in each component, and ends what its
time is over for.
"""
