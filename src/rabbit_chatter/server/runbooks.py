"""The runbooks that alerts link to: what an alert means, whom it hurts, and what to do.

As plain text for whoever follows a link, and taken apart into few kinds of elements for the page, which
builds them one by one: no markup of ours or anybody else's is ever inserted there.
"""

from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Response
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from rabbit_chatter.server.models import Node, Problem, Runbook

_CHECKOUT = Path(__file__).parents[3] / "docs" / "runbooks"
_HEADERS = {
    "content-type": "text/plain; charset=utf-8",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
_MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
_TAGS = frozenset(
    "h1 h2 h3 h4 p ul ol li strong em code pre a blockquote table thead tbody tr th td hr br".split()
)
_TEXTS = {"text": "", "code_inline": "code", "fence": "pre", "code_block": "pre"}


def add_runbooks(app: FastAPI) -> None:
    """Serve each runbook under the name of its alert."""
    bodies = _read()

    def body_of(name: str) -> str:
        if name not in bodies:
            raise HTTPException(404, "there is no runbook of that name; see docs/runbooks")
        return bodies[name]

    @app.get("/runbooks/{name}", tags=["operations"], response_class=Response)
    async def runbook(name: str) -> Response:
        """Give the runbook of an alert, as Markdown."""
        return Response(body_of(name), headers=_HEADERS)

    @app.get("/runbooks/{name}/parts", tags=["operations"], responses=_MISSING)
    async def parts(name: str) -> Runbook:
        """Give the runbook of an alert, taken apart."""
        return Runbook(name=name, parts=take_apart(body_of(name)))


def take_apart(markdown: str) -> list[Node]:
    """Return a text in Markdown as elements of few kinds; HTML in it stays text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    return _nodes(SyntaxTreeNode(parser.parse(markdown)))


def _nodes(parent: SyntaxTreeNode) -> list[Node]:
    found: list[Node] = []
    for child in parent.children:
        if child.type in _TEXTS:
            found.append(Node(tag=_TEXTS[child.type], text=child.content))
        elif child.type == "softbreak":
            found.append(Node(tag="", text=" "))
        elif child.tag in _TAGS:
            href = str(child.attrGet("href") or "")
            safe = href if href.startswith(("http://", "https://")) else ""
            found.append(Node(tag=child.tag, href=safe, children=_nodes(child)))
        else:  # such as the inside of a paragraph
            found += _nodes(child)
    return found


def _read() -> dict[str, str]:
    """Return all runbooks by name: a request chooses among them and never names a file."""
    packaged = files("rabbit_chatter") / "_deployment" / "runbooks"
    folder = packaged if packaged.is_dir() else _CHECKOUT
    if not folder.is_dir():
        return {}
    found = [file for file in folder.iterdir() if file.name.endswith(".md")]
    return {file.name.removesuffix(".md"): file.read_text("utf-8") for file in found}
