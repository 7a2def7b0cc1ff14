"""The page at ``/``: three static files, and a policy under which a message cannot become a script."""

from importlib.resources import files

from fastapi import FastAPI, HTTPException, Response

_TYPES = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


def add_page(app: FastAPI) -> None:
    """Serve the page and what it needs, from the package alone."""
    folder = files("rabbit_chatter.server") / "static"
    bodies = {name: (folder / name).read_bytes() for name in _TYPES}

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        """Show the live talk."""
        return _file("index.html")

    @app.get("/static/{name}", include_in_schema=False)
    async def static(name: str) -> Response:
        """Give what the page needs."""
        return _file(name)

    def _file(name: str) -> Response:
        if name not in bodies:
            raise HTTPException(404, "there is no such file")
        return Response(bodies[name], headers={**_HEADERS, "content-type": _TYPES[name]})
