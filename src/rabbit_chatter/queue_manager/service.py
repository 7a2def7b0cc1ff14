"""Where the queue-manager is put together."""

import gc

from rabbit_chatter.management import Management
from rabbit_chatter.process import process
from rabbit_chatter.queue_manager.app import create_app
from rabbit_chatter.queue_manager.directory import COMPONENT, Directory
from rabbit_chatter.queue_manager.metrics import ManagementMetrics
from rabbit_chatter.settings import ManagementSettings


async def serve(port: int, host: str | None = None) -> None:
    """Answer until SIGTERM.

    Args:
        port: to listen on; 0 takes a free one.
        host: address to listen on; by default what ``CHATTER_HOST`` says.

    Raises:
        ManagementError: the management API's address is unusable. That it does not answer is no reason to
            stop: ``/readyz`` says so, and it is asked again.
    """
    settings = ManagementSettings()
    async with process(COMPONENT, "chatter-queue-manager") as running, Management(settings) as management:
        if host is not None:
            running.settings = running.settings.model_copy(update={"host": host})
        metrics = ManagementMetrics(running.metrics.registry)
        directory = Directory(management, settings.refresh, metrics, running.settings.instance)
        running.checks["management"] = directory.ready
        gc.freeze()  # what is loaded by now stays; looking through it again makes an answer 40 ms late
        try:
            async with running.serving(create_app(directory), port) as address:
                directory.address = running.settings.metrics_address or address
                directory.ready()
                await running.stopping.wait()
        finally:
            await directory.close()
