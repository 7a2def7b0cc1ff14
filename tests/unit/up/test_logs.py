from pathlib import Path

from rabbit_chatter.up.logs import follow, last_lines


def test_last_lines(tmp_path: Path) -> None:
    """Only the last lines are read out, and a file that is not there has none."""
    file = tmp_path / "a.log"
    file.write_text("1\n2\n3\n")
    assert last_lines(file, 2) == ["2", "3"]
    assert last_lines(tmp_path / "none.log", 2) == []


def test_follow_goes_on_after_rotation(tmp_path: Path) -> None:
    """New lines come as they are written, whole, also after the file began anew."""
    file, later = tmp_path / "a.log", tmp_path / "b.log"
    file.write_text("old\n")
    lines = follow({"a": file, "b": later})
    file.write_text("old\nfirst\nhalf a li")
    assert next(lines) == ("a", "first")
    with file.open("a") as log:
        log.write("ne\n")
    assert next(lines) == ("a", "half a line")
    file.write_text("anew\n")
    assert next(lines) == ("a", "anew")
    later.write_text("hello\n")
    assert next(lines) == ("b", "hello")
