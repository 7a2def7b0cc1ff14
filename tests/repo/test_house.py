import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pamqp import decode, encode

from rabbit_chatter.clock import now_ns
from rabbit_chatter.messages import SENT_HEADER

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "rabbit_chatter"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
PAGES = [
    ROOT / "README.md",
    *(p for p in [ROOT / "CONTRIBUTING.md"] if p.exists()),
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("deployment/*/README.md")),
]

# Measurements start bare copies of themselves, and what `up` starts inherits the user's environment: both
# hand a copy on, and neither looks at a variable.
HANDS_ON_THE_ENVIRONMENT = {"bench/bots.py", "bench/hop.py", "bench/page.py", "up/network.py"}
SPEAKS_AMQP = ("broker/", "bench/")  # measurements compare with bare aio-pika

ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}
ENVIRONMENT_OF_OS = {f"os.{name}" for name in ENVIRONMENT}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda file: str(file.relative_to(ROOT)))


def place(module: Path) -> str:
    """Return where a module is within the package."""
    return module.relative_to(SOURCE).as_posix()


def nodes(module: Path) -> Iterator[ast.AST]:
    """Yield everything in a module's syntax tree."""
    return ast.walk(ast.parse(module.read_text("utf-8")))


def test_imports_point_down() -> None:
    """The layers of the architecture hold: a contract says so, and is kept."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout


def test_modules_are_short() -> None:
    """A module is read in one go: 300 lines at most."""
    lengths = {place(module): len(module.read_text("utf-8").splitlines()) for module in MODULES}
    assert {module for module, length in lengths.items() if length > 300} == set()


def imported(module: Path) -> set[str]:
    """Return the names of all modules that a module imports, also inside functions."""
    names = {alias.name for node in nodes(module) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in nodes(module) if isinstance(node, ast.ImportFrom)}


def test_only_the_broker_speaks_amqp() -> None:
    """AMQP libraries are imported in `broker/` alone, and where its cost is measured."""
    libraries = {"aio_pika", "aiormq", "pamqp"}
    speaking = [m for m in MODULES if {name.partition(".")[0] for name in imported(m)} & libraries]
    assert speaking
    assert [place(module) for module in speaking if not place(module).startswith(SPEAKS_AMQP)] == []


def environment_uses(module: Path) -> tuple[int, int]:
    """Return how often a module names the environment, and how often it looks into it."""
    tree = list(nodes(module))
    froms = [node for node in tree if isinstance(node, ast.ImportFrom) and node.module == "os"]
    named: list[ast.AST] = [node for node in froms if ENVIRONMENT & {alias.name for alias in node.names}]
    whole = [
        node for node in tree if isinstance(node, ast.Attribute) and ast.unparse(node) in ENVIRONMENT_OF_OS
    ]
    inside = [n for n in tree if isinstance(n, ast.Subscript | ast.Attribute) and n.value in whole]
    return len(named) + len(whole), len(named) + len(inside) + sum(node.attr != "environ" for node in whole)


def test_environment_is_read_in_settings() -> None:
    """Only `settings` reads the environment; where children are started, it is handed on whole, unread."""
    uses = {place(module): environment_uses(module) for module in MODULES}
    naming = {module for module, (named, _) in uses.items() if named} - {"settings.py"}
    looking = {module for module, (_, inside) in uses.items() if inside} - {"settings.py"}
    assert naming == HANDS_ON_THE_ENVIRONMENT
    assert looking == set()


def header_values(module: Path) -> Iterator[tuple[str, ast.expr]]:
    """Yield what a module puts into AMQP headers, by subscript or as a dictionary called ``FieldTable``."""
    for node in nodes(module):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            target = node.targets[0]
            if "headers" in ast.unparse(target.value):
                yield ast.unparse(target.slice), node.value
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.value, ast.Dict)
            and "FieldTable" in ast.unparse(node.annotation)
        ):
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                yield ast.unparse(key) if key else "**", value


def test_no_float_travels_in_a_header() -> None:
    """All that we put into AMQP headers is listed here, and each is text or a whole number."""
    found = {
        (key, ast.unparse(value))
        for module in MODULES
        if place(module).startswith("broker/")
        for key, value in header_values(module)
    }
    assert found == {
        ("SENT_HEADER", "sent"),  # nanoseconds, from now_ns()
        ("'traceparent'", "passing"),
        ("traceparent.HEADER", "traceparent.encode(waited)"),
        ("REASON_HEADER", "error.reason"),
        ("DETAIL_HEADER", "error.detail[:500]"),
    }, "add what is new if it is text or a whole number: AMQP's client writes a float with 32 bits"


def test_sending_time_survives_amqp() -> None:
    """Nanoseconds as a whole number come back exactly; as a float they would not."""
    sent = now_ns()
    assert isinstance(sent, int)
    _, headers = decode.field_table(encode.field_table({SENT_HEADER: sent}))
    assert headers == {SENT_HEADER: sent}
    _, rounded = decode.field_table(encode.field_table({SENT_HEADER: float(sent)}))
    assert rounded != {SENT_HEADER: sent}


def test_every_test_says_what_it_proves() -> None:
    """Each test has a docstring, and that is a sentence."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tests = {
        f"{file.name}: {node.name}": (ast.get_docstring(node) or "").strip()
        for file in TESTS
        for node in nodes(file)
        if isinstance(node, functions) and node.name.startswith("test_")
    }
    assert [name for name, said in tests.items() if not said.endswith(".")] == []


def test_readme_is_short() -> None:
    """Whoever comes has read the first page in two minutes."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 120


def links(page: Path) -> Iterator[str]:
    """Yield where a page's links and pictures lead, code left out."""
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    yield from re.findall(r"\]\(<?([^)>\s]+)", text)
    yield from re.findall(r"(?:src|href)=\"([^\"]+)\"", text)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link leads to a file that is there, and to a heading that is in it."""
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or target.suffix != ".md" or anchor in anchors(target), link
