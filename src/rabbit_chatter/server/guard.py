"""What a request that changes something must be: meant for us, not sent by a stranger's page, and small.

A browser that visits any page will send requests to 127.0.0.1 on that page's behalf. It says so in ``Origin``
and ``Sec-Fetch-Site`` (https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/);
and where a stranger's name was made to point here (DNS rebinding), ``Host`` still is that name.

Whoever listens for other machines, too, wants a token besides: ``Authorization: Bearer …`` (RFC 6750).
"""

import hmac
import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException, Request

_OWN_SITES = ("same-origin", "none")


def require_token(app: FastAPI, host: str, token: str | None) -> str | None:
    """Let :func:`check_is_own` ask for a token where ``host`` is not this machine alone.

    Args:
        app: whose requests are checked.
        host: address to listen on.
        token: the one to ask for; without one, a random one is made.

    Returns:
        the token, to be told to whoever may change something; ``None`` on loopback, where none is needed.
    """
    app.state.token = None if _is_loopback(host) else token or secrets.token_urlsafe(24)
    wanted: str | None = app.state.token
    return wanted


def check_is_own(request: Request) -> None:
    """Refuse a request that was not meant for us, that a stranger's page sent, or that lacks the token.

    Raises:
        HTTPException: 403, or 401 for the token.
    """
    host = request.headers.get("host", "")
    if not _is_local(host):
        raise HTTPException(403, "call this server by its address, or by a name without a dot")
    origin = request.headers.get("origin")
    own = origin is None or origin in (f"http://{host}", f"https://{host}")
    if not own or request.headers.get("sec-fetch-site", "none") not in _OWN_SITES:
        raise HTTPException(403, "this is not for other sites' pages")
    _check_token(request)


def _check_token(request: Request) -> None:
    wanted = getattr(request.app.state, "token", None)
    if wanted is None:
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), wanted.encode()):
        raise HTTPException(
            401,
            "send the token that the server's log names: Authorization: Bearer …",
            {"www-authenticate": "Bearer"},
        )


async def read_json(request: Request, limit: int) -> bytes:
    """Return the body, of which no more than ``limit`` bytes are ever held.

    Raises:
        HTTPException: 415 if it does not say that it is JSON, 413 if it is longer.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":  # what a page may send without asking first is never that
        raise HTTPException(415, "send application/json")
    return await read_body(request, limit)


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body, whatever it is, of which no more than ``limit`` bytes are ever held.

    Raises:
        HTTPException: 413 if it is longer.
    """
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


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
