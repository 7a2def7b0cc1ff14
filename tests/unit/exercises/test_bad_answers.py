"""Whatever a student hands in, the answer is a sentence, soon, and nothing is overwritten."""

import shutil
import threading
import time
from pathlib import Path

import pytest

from rabbit_chatter.errors import RecordingError, ToolError
from rabbit_chatter.exercises import promtool
from rabbit_chatter.exercises.grade import Grader
from rabbit_chatter.exercises.manifest import home, manifest
from rabbit_chatter.exercises.verdict import Verdict

HEAD = "groups:\n  - name: mine\n    rules:\n"
RULE = "      - alert: {0}\n        expr: {1}\n        labels: {{severity: page}}\n"
DOWN = 'up{job="rabbitmq"} == 0'
ALERT = manifest().get("broker-down")
BOMB = "a: &a [x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
    for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)

BAD: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "is empty"),
    "only-spaces": ("  \n\n", "is empty"),
    "huge": (b"x" * 10_000_000, "larger than"),
    "binary": (bytes(range(256)) * 20, "not a text file"),
    "nul": ("groups: \0", "not a text file"),
    "bomb": (BOMB, "too many aliases"),
    "deep": ("[" * 5000, "nest"),
    "tab": ("groups:\n\t- name: x\n", "line 2: the line begins with a tab"),
    "unclosed-quote": (HEAD + "      - alert: 'A\n        expr: up\n", "line"),
    "two-colons": (HEAD + "      - alert: A\n        expr: up\n        for: a: b\n", "line 6: a second `: `"),
    "a-list": ("- 1\n- 2\n", "no list `groups:`"),
    "a-number": ("42\n", "no list `groups:`"),
    "no-rules": ("groups: []\n", "no rule yet"),
    "rules-are-text": ("groups:\n  - name: a\n    rules: [x]\n", "list item with fields"),
    "thousand-rules": (HEAD + "".join(RULE.format(f"A{n}", DOWN) for n in range(1000)), "1000 rules"),
    "no-expression": (HEAD + "      - alert: A\n", "no `expr` yet"),
    "only-recording": (HEAD + "      - record: a:b:c\n        expr: up\n", "no alert yet"),
    "unknown-field": (HEAD + "      - alert: A\n        exp: up\n        expr: up\n", "`exp` is no field"),
    "bad-duration": (HEAD + "      - alert: A\n        expr: up\n        for: x\n", "`x` is no duration"),
    "unclosed": (HEAD + RULE.format("A", "sum(up"), "line 5: a `(` is never closed"),
    "no-window": (HEAD + RULE.format("A", "rate(x_total) > 0"), "rate() needs a window"),
    "no-function": (HEAD + RULE.format("A", "summ(up) > 0"), "there is no function summ()"),
    "bad-template": (
        HEAD + RULE.format("A", DOWN) + '        annotations: {summary: "{{ $lables.job }}"}\n',
        "a template uses $lables",
    ),
    "typo": (HEAD + RULE.format("A", "rabbitmq_quees > 1"), "did you mean rabbitmq_queues?"),
    "no-match": (
        HEAD + RULE.format("A", "rabbitmq_detailed_queue_consumers * on (job) up > 0"),
        "do not match one to one",
    ),
}  # fmt: skip


def verdict_on(answer: Path) -> Verdict:
    """Return what the grader says of a rule in ``answer``."""
    return Grader(home()).check(ALERT, answer)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_a_verdict_that_says_why(tmp_path: Path, name: str) -> None:
    """Each of them fails with a sentence about what is wrong, and is left as it was."""
    content, says = BAD[name]
    answer = tmp_path / "answer.yml"
    written = content.encode() if isinstance(content, str) else content
    answer.write_bytes(written)
    verdict = verdict_on(answer)
    assert not verdict.passed
    assert says in verdict.findings[0].text
    assert answer.read_bytes() == written


def test_a_template_that_fails_when_it_is_filled_in_is_noticed(tmp_path: Path) -> None:
    """A template may be well formed and fail nevertheless, when the alert fires at night."""
    answer = tmp_path / "answer.yml"
    notes = '        annotations: {summary: "{{ $labels.job.name }}"}\n'
    answer.write_text(HEAD + RULE.format("A", DOWN) + notes)
    texts = [finding.text for finding in verdict_on(answer).findings if not finding.good]
    assert any("a template fails" in text for text in texts), texts


def test_a_missing_file_is_a_verdict(tmp_path: Path) -> None:
    """Nothing was started yet, or it was deleted: the verdict names the command that brings it back."""
    assert "exercise start" in verdict_on(tmp_path / "answer.yml").findings[0].text


def test_without_promtool_one_learns_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the package."""
    monkeypatch.setenv("PATH", str(tmp_path))
    promtool.find_promtool.cache_clear()
    try:
        with pytest.raises(ToolError, match="apt install prometheus"):
            verdict_on(home() / "solutions" / ALERT.file)
    finally:
        promtool.find_promtool.cache_clear()


def test_a_corrupt_recording_is_named(tmp_path: Path) -> None:
    """The message names the file and how to get it back; it is not the student's fault."""
    (tmp_path / "recordings").mkdir()
    for path in (home() / "recordings").glob("*.jsonl.xz"):
        shutil.copyfile(path, tmp_path / "recordings" / path.name)
    (tmp_path / "recordings" / "deploy.jsonl.xz").write_bytes(b"\xfd7zXZ\0 damaged")
    with pytest.raises(RecordingError, match=r"deploy\.jsonl\.xz cannot be read"):
        Grader(tmp_path).check(ALERT, home() / "solutions" / ALERT.file)


def test_two_checks_at_once_do_not_disturb_each_other() -> None:
    """Each check has a folder of its own."""
    answers = [home() / "solutions" / ALERT.file, home() / ALERT.file]
    verdicts: dict[Path, bool] = {}

    def check(answer: Path) -> None:
        verdicts[answer] = verdict_on(answer).passed

    threads = [threading.Thread(target=check, args=[answer]) for answer in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [verdicts[answer] for answer in answers] == [True, False]


def test_a_program_that_never_ends_is_ended(tmp_path: Path) -> None:
    """An answer in Python that loops for ever is stopped, and so is what it started."""
    mark = f"{time.time_ns()}"
    answer = tmp_path / "unit.py"
    answer.write_text(f"import subprocess\nsubprocess.Popen(['sleep', '600.{mark}'])\nwhile True: pass\n")
    verdict = Grader(home()).check(manifest().get("unit"), answer)
    assert "was stopped after" in verdict.findings[0].text
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if mark.encode() in _read(path)]
    assert not left


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
