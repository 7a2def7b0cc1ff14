"""A budget for the last hour: what an answer may cost at most is put aside before the model is asked."""

from collections import deque
from dataclasses import dataclass

_HOUR = 3600.0


@dataclass
class Spent:
    """What one answer took, or may take.

    Attributes:
        at: seconds on the monotonic clock.
        tokens: of question and answer.
        money: in the currency of the prices.
    """

    at: float
    tokens: int
    money: float


class Budget:
    """What may be spent in any hour.

    Args:
        tokens: limit; ``None`` is none.
        money: limit; ``None`` is none.
    """

    def __init__(self, tokens: int | None, money: float | None) -> None:
        self._tokens = tokens
        self._money = money
        self._spent: deque[Spent] = deque()

    def reserve(self, tokens: int, money: float, now: float) -> Spent | None:
        """Put aside what an answer may take; ``None`` if the hour's budget does not have it.

        Correct the result's numbers when the true ones are known.
        """
        used = self._used(now)
        over_tokens = self._tokens is not None and used.tokens + tokens > self._tokens
        over_money = self._money is not None and used.money + money > self._money
        if over_tokens or over_money:
            return None
        spent = Spent(now, tokens, money)
        self._spent.append(spent)
        return spent

    def shares(self, now: float) -> tuple[float, float]:
        """Return which shares of tokens and of money are used; 0 where there is no limit."""
        used = self._used(now)
        return _share(used.tokens, self._tokens), _share(used.money, self._money)

    def _used(self, now: float) -> Spent:
        while self._spent and now - self._spent[0].at >= _HOUR:
            self._spent.popleft()
        return Spent(now, sum(s.tokens for s in self._spent), sum(s.money for s in self._spent))


def _share(used: float, limit: float | None) -> float:
    if limit is None:
        return 0.0
    return used / limit if limit else 1.0
