from collections import Counter

from rabbit_chatter.incidents.dose import Dose

BOTS = [f"bot{number:03}" for number in range(200)]


def test_same_seed_same_victims() -> None:
    """Whom an incident hits depends on the seed, and not on the order in which bots are known."""
    assert Dose(0.3, "a").victims(BOTS) == Dose(0.3, "a").victims(reversed(BOTS))
    assert Dose(0.3, "a").victims(BOTS) != Dose(0.3, "b").victims(BOTS)


def test_more_of_it_hits_the_same_and_others() -> None:
    """With a higher intensity nobody is spared who was hit before."""
    assert set(Dose(0.2, "a").victims(BOTS)) < set(Dose(0.4, "a").victims(BOTS))


def test_intensity_is_a_share() -> None:
    """A share of the bots is hit, one at least, and none at all at 0."""
    assert len(Dose(0.3, "a").victims(BOTS)) == 60
    assert len(Dose(0.001, "a").victims(BOTS)) == 1
    assert Dose(0, "a").victims(BOTS) == []
    assert Dose(1, "a").victims([]) == []


def test_dice() -> None:
    """Single messages are hit at a share of `intensity`, in an order that the seed decides."""
    first, second = Dose(0.3, "a"), Dose(0.3, "a")
    throws = [first.hits() for _ in range(2000)]
    assert throws == [second.hits() for _ in range(2000)]
    assert 0.25 < Counter(throws)[True] / 2000 < 0.35
    assert not any(Dose(0, "a").hits() for _ in range(100))
    assert all(Dose(1, "a").hits() for _ in range(100))
