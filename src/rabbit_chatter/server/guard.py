"""What a request that changes something must be: meant for us, not sent by a stranger's page, and small.

A browser that visits any page will send requests to 127.0.0.1 on that page's behalf. It says so in ``Origin``
and ``Sec-Fetch-Site`` (https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/);
and where a stranger's name was made to point here (DNS rebinding), ``Host`` still is that name.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

_OWN_SITES = ("same-origin", "none")


def check_is_own(request: Request) -> None:
    """Refuse a request that was not meant for us, or that a stranger's page sent.

    Raises:
        HTTPException: 403.
    """
    host = request.headers.get("host", "")
    if not _is_local(host):
        raise HTTPException(403, "call this server by its address, or by a name without a dot")
    origin = request.headers.get("origin")
    own = origin is None or origin in (f"http://{host}", f"https://{host}")
    if not own or request.headers.get("sec-fetch-site", "none") not in _OWN_SITES:
        raise HTTPException(403, "this is not for other sites' pages")


async def read_json(request: Request, limit: int) -> bytes:
    """Return the body, of which no more than ``limit`` bytes are ever held.

    Raises:
        HTTPException: 415 if it does not say that it is JSON, 413 if it is longer.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":  # what a page may send without asking first is never that
        raise HTTPException(415, "send application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HTTPException(413, f"the limit is {limit} bytes")
    return bytes(body)


def _is_local(host: str) -> bool:
    """Return whether ``host`` is an address, or a name without a dot, which no stranger can own."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name and "." not in name and ":" not in name:
            return True
        ip_address(name)
    except ValueError:
        return False
    return True
