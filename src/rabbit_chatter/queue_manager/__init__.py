"""The read-only view of the broker: bots, conversations, queues, and Prometheus' targets."""
