"""Other names for the bots of a recording, so that an answer cannot know them by heart."""

import random
from collections.abc import Mapping

from rabbit_chatter.names import INBOX_PREFIX, bot_names, bot_of_inbox, inbox, pair_of_dm_queue

_SEED = 20


class Disguise:
    """Gives each bot another name, the same one each time; archive and dead letters keep theirs."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._fresh = bot_names(random.Random(_SEED))  # noqa: S311 - a disguise, no secret

    def queue(self, queue: str) -> str:
        """Return what a queue is called when its bots have other names."""
        if pair := pair_of_dm_queue(queue):
            return "-".join(map(self._bot, pair))
        if queue.startswith(INBOX_PREFIX) and (bot := bot_of_inbox(queue)):
            return inbox(self._bot(bot))
        return queue

    def labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return ``labels`` in which a queue has its other name."""
        return {name: self.queue(value) if name == "queue" else value for name, value in labels.items()}

    def _bot(self, name: str) -> str:
        if name not in self._names:
            taken = set(self._names.values())
            self._names[name] = next(fresh for fresh in self._fresh if fresh not in taken)
        return self._names[name]
