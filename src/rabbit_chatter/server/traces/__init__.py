"""Traces without Jaeger: an OTLP/HTTP receiver, a bounded store, and one answer wherever spans are."""
