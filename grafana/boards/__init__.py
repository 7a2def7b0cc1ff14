"""The dashboards, as Python: what each panel asks Prometheus, and what a student should see in it."""
