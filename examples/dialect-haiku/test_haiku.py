"""The contract that every dialect holds: `pytest` runs it."""

from rabbit_chatter.testing import DialectContract


class TestHaiku(DialectContract):
    """Run all its points for our dialect."""

    dialect = "haiku"
