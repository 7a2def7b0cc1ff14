"""ELIZA: answers by turning what it hears around.

After J. Weizenbaum, "ELIZA: A Computer Program For the Study of Natural Language Communication Between Man
And Machine", Communications of the ACM 9 (1), 1966: keywords have ranks, the highest one's decomposition
rules are tried in order, a reassembly rule puts the parts together with pronouns turned around, and what was
said about "my" something is remembered for a moment without keywords. The script is ours: ``script.toml``.
"""

from rabbit_chatter.dialects.eliza.dialect import Eliza

__all__ = ["Eliza"]
