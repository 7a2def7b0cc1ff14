"""How bots talk: plug-ins from (persona, history, prompt) to text.

A dialect is a class found through the entry-point group ``rabbit_chatter.dialects``; the built-in ones enter
by the same door as anybody's. One instance serves one bot. It knows nothing of RabbitMQ, pacing or
telemetry: :class:`rabbit_chatter.bots.voice.Voice` goes around it. How to write one: ``docs/dialects.md``.
"""

from rabbit_chatter.dialects.mix import parse_mix
from rabbit_chatter.dialects.options import parse_options
from rabbit_chatter.dialects.protocol import Dialect, Line, Persona
from rabbit_chatter.dialects.registry import Prepared, available, choose, load, prepare

__all__ = [
    "Dialect",
    "Line",
    "Persona",
    "Prepared",
    "available",
    "choose",
    "load",
    "parse_mix",
    "parse_options",
    "prepare",
]
