"""How much of an incident, and whom it hits: decided by a seed, the same each time."""

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Dose:
    """Intensity and seed of one incident.

    Attributes:
        intensity: from 0 to 1.
        seed: same seed, same victims.
        dice: for what happens again and again.
    """

    intensity: float
    seed: str
    dice: random.Random = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dice", random.Random(self.seed))  # noqa: S311 - a game, not a secret

    def hits(self) -> bool:
        """Throw the dice: true in a share of ``intensity`` of all throws."""
        return self.dice.random() < self.intensity

    def order(self, names: Iterable[str]) -> list[str]:
        """Return ``names`` in an order that the seed decides, whatever order they come in."""
        return sorted(names, key=lambda name: hashlib.sha256(f"{self.seed} {name}".encode()).digest())

    def victims(self, names: Iterable[str]) -> list[str]:
        """Return a share of ``intensity`` of ``names``; one at least, unless that is nothing."""
        ranked = self.order(names)
        return ranked[: max(round(self.intensity * len(ranked)), 1)] if self.intensity else []
