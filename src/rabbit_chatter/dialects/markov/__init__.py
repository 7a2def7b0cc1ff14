"""A Markov chain of words: sounds like the text it was trained on, and means nothing.

After C. E. Shannon, "A Mathematical Theory of Communication", Bell System Technical Journal 27 (1948): each
word is chosen by how often it followed the words before it. The chain is ours and not markovify's,
which cannot be given a bot's own dice, and needs a library under the GPL.
"""

from rabbit_chatter.dialects.markov.dialect import Markov

__all__ = ["Markov"]
