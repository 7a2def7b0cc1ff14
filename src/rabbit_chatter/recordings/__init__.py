"""What Prometheus saw, kept as small files: read by the grader, written by the recorder.

A file is xz over lines of JSON. The first line is the :class:`~.recording.About`; every other line is one
metric with all its series, whose samples are in the notation of promtool's ``input_series``. So a grader
copies the few lines that a rule asks for into a promtool test, and does not parse a single sample.
"""
