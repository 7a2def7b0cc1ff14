"""The runbooks that alerts link to, as plain text: what an alert means, whom it hurts, and what to do."""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, HTTPException, Response

_CHECKOUT = Path(__file__).parents[3] / "docs" / "runbooks"
_HEADERS = {
    "content-type": "text/plain; charset=utf-8",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


def add_runbooks(app: FastAPI) -> None:
    """Serve each runbook under the name of its alert."""
    bodies = _read()

    @app.get("/runbooks/{name}", tags=["operations"], response_class=Response)
    async def runbook(name: str) -> Response:
        """Give the runbook of an alert, as Markdown."""
        if name not in bodies:
            raise HTTPException(404, "there is no runbook of that name; see docs/runbooks")
        return Response(bodies[name], headers=_HEADERS)


def _read() -> dict[str, bytes]:
    """Return all runbooks by name: a request chooses among them and never names a file."""
    packaged = files("rabbit_chatter") / "_deployment" / "runbooks"
    folder = packaged if packaged.is_dir() else _CHECKOUT
    if not folder.is_dir():
        return {}
    found = [file for file in folder.iterdir() if file.name.endswith(".md")]
    return {file.name.removesuffix(".md"): file.read_bytes() for file in found}
