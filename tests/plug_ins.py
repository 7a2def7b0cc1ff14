"""Dialects of somebody else's, installed for a test as pip would install them."""

from pathlib import Path


def install(folder: Path, source: str, *names: str, module: str = "somebodys_dialect") -> Path:
    """Make ``folder`` a place to import from that brings dialects; return their module.

    Args:
        folder: to put on ``sys.path``.
        source: Python; for each of ``names`` it has a class of that name, capitalized.
        names: of the dialects.
        module: that has them.
    """
    metadata = folder / f"{module.replace('_', '-')}-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 0.1\n")
    points = [f"{name} = {module}:{name.capitalize()}" for name in names]
    (metadata / "entry_points.txt").write_text("\n".join(["[rabbit_chatter.dialects]", *points, ""]))
    file = folder / f"{module}.py"
    file.write_text(source)
    return file
