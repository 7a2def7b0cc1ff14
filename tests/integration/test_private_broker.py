from collections.abc import Callable

import httpx
import psutil

from rabbit_chatter.up.ports import is_free
from rabbit_chatter.up.private import PrivateBroker


def test_broker_has_our_layout(broker: PrivateBroker) -> None:
    """The private broker has the exchanges, queues and users of the definitions, and no guest."""
    with httpx.Client(
        base_url=broker.management_url, auth=("chatter-manager", broker.password("chatter-manager"))
    ) as manager:
        overview = manager.get("/api/overview").json()
    assert overview["object_totals"]["queues"] >= 2
    guest = httpx.get(f"{broker.management_url}/api/overview", auth=("guest", "guest"))
    assert guest.status_code == 401
    assert "rabbitmq_build_info" in httpx.get(f"{broker.prometheus_url}/metrics").text


def test_stop_and_start_keep_address_and_data(private_broker: Callable[[], PrivateBroker]) -> None:
    """A stopped broker leaves no process and no port behind, and comes back under the same address."""
    broker = private_broker()
    url, children = broker.amqp_url(), psutil.Process().children(recursive=True)
    assert children
    broker.stop()
    assert is_free(broker.node.ports.amqp)
    assert is_free(broker.node.ports.epmd)
    broker.start()
    assert broker.amqp_url() == url
