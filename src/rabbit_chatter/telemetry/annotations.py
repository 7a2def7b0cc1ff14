"""Annotations in Grafana: what people, or programs, did, as a mark in every graph.

Grafana's HTTP API: https://grafana.com/docs/grafana/latest/developers/http_api/annotations/.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
import structlog

from rabbit_chatter.settings import GrafanaSettings

_SECONDS = 5.0

log = structlog.get_logger()


class Annotations:
    """Written where there is a Grafana; that it is away is only logged.

    Args:
        settings: where Grafana is; without an address nothing is written.
    """

    def __init__(self, settings: GrafanaSettings) -> None:
        secret = settings.grafana_token.get_secret_value()
        user, colon, password = secret.partition(":")
        self._auth = httpx.BasicAuth(user, password) if colon else None
        self._headers = {"authorization": f"Bearer {secret}"} if secret and not colon else {}
        self._url = settings.grafana_url.rstrip("/")

    @property
    def writes(self) -> bool:
        """Whether there is a Grafana to write to."""
        return bool(self._url)

    async def begin(self, text: str, tags: Sequence[str]) -> int | None:
        """Write that something happens now; return the annotation's number, ``None`` if there is none."""
        body = {"time": _now(), "tags": list(tags), "text": text}
        answer = await self._send("POST", "/api/annotations", body)
        number = answer.get("id") if answer is not None else None
        return number if isinstance(number, int) else None

    async def end(self, number: int) -> None:
        """Write that it is over."""
        await self._send("PATCH", f"/api/annotations/{number}", {"timeEnd": _now()})

    async def _send(self, method: str, path: str, body: dict[str, object]) -> dict[str, object] | None:
        if not self.writes:
            return None
        try:
            async with httpx.AsyncClient(
                base_url=self._url, timeout=_SECONDS, auth=self._auth, headers=self._headers
            ) as client:
                answer = (await client.request(method, path, json=body)).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            log.warning("annotation.failed", error=str(error) or type(error).__name__)
            return None
        return answer if isinstance(answer, dict) else None


def _now() -> int:
    """Return milliseconds since 1970, as Grafana has them."""
    return int(datetime.now(UTC).timestamp() * 1000)
