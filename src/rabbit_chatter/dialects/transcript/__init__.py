"""Replays and remixes what people wrote: exports of SMS, WhatsApp, Telegram, Signal, Discord, or a table.

One module reads each kind of export, message by message, so that a file may be much larger than the memory.
What is kept of it is bounded (:mod:`~rabbit_chatter.dialects.transcript.excerpts`), and names and numbers are
replaced (:mod:`~rabbit_chatter.dialects.transcript.pseudonyms`) unless that is not wanted.
"""

from rabbit_chatter.dialects.transcript.dialect import Transcript

__all__ = ["Transcript"]
