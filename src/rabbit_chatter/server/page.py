"""The page at ``/``: static files, and a policy under which a message cannot become a script."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import FastAPI, HTTPException, Request, Response

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",  # kept, and asked about each time
    "vary": "accept-encoding",
}


@dataclass(frozen=True)
class _File:
    """A file as it goes out.

    Attributes:
        etag: changes with its content.
        packed: the body with gzip.
    """

    body: bytes
    packed: bytes
    etag: str
    type: str


def add_page(app: FastAPI) -> None:
    """Serve the page and what it needs, from the package alone: a request never names a file."""
    bodies = dict(_read(files("rabbit_chatter.server") / "static", ""))

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        """Give the page; which view it shows is behind the `#` of its address, which no browser sends."""
        return _answer(request, bodies["index.html"])

    @app.get("/static/{name:path}", include_in_schema=False)
    async def static(request: Request, name: str) -> Response:
        """Give what the page needs."""
        if name not in bodies:
            raise HTTPException(404, "there is no such file")
        return _answer(request, bodies[name])


def _answer(request: Request, file: _File) -> Response:
    headers = {**_HEADERS, "content-type": file.type, "etag": file.etag}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, headers={**headers, "content-encoding": "gzip"})
    return Response(file.body, headers=headers)


def _read(folder: Traversable, prefix: str) -> Iterator[tuple[str, _File]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _read(entry, f"{prefix}{entry.name}/")
        elif kind := _TYPES.get(entry.name.rpartition(".")[2]):
            body = entry.read_bytes()
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            yield f"{prefix}{entry.name}", _File(body, gzip.compress(body, mtime=0), etag, kind)
