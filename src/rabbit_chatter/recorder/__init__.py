"""Makes recordings: starts a network, does something to it, and keeps what Prometheus saw."""
