"""Exercises with a check: a student's query, rule or file is run, and what it does is judged.

Nothing here needs a running network: real ``promtool`` replays recordings. Read ``manifest`` for what an
exercise is, ``replay`` for how a rule meets a recording, and ``behaviour`` for what is said of it then.
"""
