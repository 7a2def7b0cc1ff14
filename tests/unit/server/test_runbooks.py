from pathlib import Path

from rabbit_chatter.server.models import Node
from rabbit_chatter.server.runbooks import take_apart

RUNBOOKS = sorted((Path(__file__).parents[3] / "docs" / "runbooks").glob("*.md"))
TAGS = {"", "h1", "h2", "h3", "p", "ul", "ol", "li", "code", "pre", "strong", "em", "a", "br"} | {
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


def text(nodes: list[Node]) -> str:
    """Return all that can be read."""
    return "".join(node.text + text(node.children) for node in nodes)


def tags(nodes: list[Node]) -> set[str]:
    """Return all kinds of elements."""
    return {node.tag for node in nodes} | {tag for node in nodes for tag in tags(node.children)}


def test_a_runbook_is_taken_apart() -> None:
    """Headings, lists, code and links become elements, in their order, with nothing lost."""
    heading, listing, block = take_apart(
        "# A\n\n- b `c`\n  d [e](https://example.org)\n\n```sh\nf <g>\n```\n"
    )
    assert (heading.tag, text([heading])) == ("h1", "A")
    assert text([listing]) == "b c d e"
    paragraph = listing.children[0].children[0]
    assert [node.tag for node in paragraph.children] == ["", "code", "", "", "a"]
    assert paragraph.children[-1].href == "https://example.org"
    assert (block.tag, block.text) == ("pre", "f <g>\n")


def test_markup_and_scripts_stay_text() -> None:
    """HTML in a runbook is text, and a link that runs a script leads nowhere."""
    nodes = take_apart("<img src=x onerror=alert(1)>\n\n[x](javascript:alert(1)) [y](/bots)\n")
    assert tags(nodes) <= TAGS
    assert "<img src=x onerror=alert(1)>" in text(nodes)
    assert "javascript" not in "".join(node.href for part in nodes for node in part.children)


def test_every_runbook_can_be_shown() -> None:
    """All of ours are made of what the page knows to draw."""
    assert RUNBOOKS
    for file in RUNBOOKS:
        nodes = take_apart(file.read_text("utf-8"))
        assert nodes[0].tag == "h1"
        assert tags(nodes) <= TAGS, file
