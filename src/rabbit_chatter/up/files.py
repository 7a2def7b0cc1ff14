"""The configuration that compose mounts, found in a checkout as well as in an installed package."""

from pathlib import Path

from rabbit_chatter.errors import UpError

_PACKAGE = Path(__file__).parents[1]
_CHECKOUT = _PACKAGE.parents[1]


def shipped(name: str) -> Path:
    """Return the path of a shipped file.

    Args:
        name: such as ``rabbitmq/definitions.json`` or ``prometheus/prometheus.yml``.

    Raises:
        UpError: the installation is incomplete.
    """
    for place in (_CHECKOUT / "deployment" / name, _CHECKOUT / name, _PACKAGE / "_deployment" / name):
        if place.is_file():
            return place
    raise UpError(f"the file {name} is missing from this installation: install rabbit-chatter again")
