"""``python -m rabbit_chatter`` is the program ``rabbit-chatter``."""

from rabbit_chatter.cli import main

main()
