"""The command line of: exercise."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rabbit_chatter.errors import ExerciseError

if TYPE_CHECKING:
    from rich.console import Console

    from rabbit_chatter.exercises.manifest import Exercise
    from rabbit_chatter.exercises.verdict import Verdict
    from rabbit_chatter.exercises.workspace import Workspace

_HERE = Path("my-exercises")
Dir = Annotated[Path, typer.Option("--dir", help="The folder with your answers.")]
Which = Annotated[str | None, typer.Argument(help="Number or name; the first unsolved one if left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]

exercise = typer.Typer(
    name="exercise",
    help="Learn by doing: save a file, see the verdict. Without a command: watch mode.",
    pretty_exceptions_enable=False,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(exercise)


@exercise.callback(invoke_without_command=True)
def watch(context: typer.Context, folder: Dir = _HERE) -> None:
    """Learn by doing: save a file, see the verdict. Without a command: watch mode, Ctrl-C ends it."""
    if context.invoked_subcommand:
        return
    from contextlib import suppress

    from rabbit_chatter.exercises.watch import changes

    work, console = _workspace(folder), _console()

    def current() -> Path | None:
        found = work.current()
        return work.start(found) if found else None

    solved = False
    with suppress(KeyboardInterrupt):
        for _ in changes(current):
            found = work.current()
            if found is None:
                break
            if not solved:  # a success stays in sight, above the next exercise
                console.clear()
            solved = _judge(found, work, console).passed
            if not solved:
                _what_now(work, found, console)
    if work.current() is None:
        console.print("\n  All exercises are solved.", style="bold green")


@exercise.command("list")
def list_(*, as_json: AsJson = False, folder: Dir = _HERE) -> None:
    """List the exercises and what is solved."""
    from rich.table import Table

    work = _workspace(folder)
    solved = set(work.progress.solved)
    rows = [
        {"number": n, "name": one.name, "topic": one.topic, "title": one.title, "solved": one.name in solved}
        for n, one in enumerate(work.manifest.exercise, 1)
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    table = Table("", "", "exercise", "topic", "what it is about", box=None)
    for row in rows:
        done = "[green]✓[/green]" if row["solved"] else ""
        table.add_row(str(row["number"]), done, str(row["name"]), str(row["topic"]), str(row["title"]))
    _console().print(table)


@exercise.command()
def start(which: Which = None, folder: Dir = _HERE) -> None:
    """Put an exercise's file into your folder, if it is not there, and say what to do."""
    work = _workspace(folder)
    found = _exercise(work, which)
    path = work.start(found)
    print(f"{work.manifest.number(found)} {found.name}: {found.title}\n\nEdit {path}")
    print(f"Then: rabbit-chatter exercise check {found.name}")


@exercise.command()
def check(
    which: Which = None,
    folder: Dir = _HERE,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="All exercises, of each folder of answers in --dir.")
    ] = False,
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Against the network that `up` started, with a real incident. Takes minutes."
        ),
    ] = False,
    as_json: AsJson = False,
    junit: Annotated[
        Path | None, typer.Option(help="Also write a report for CI servers to this file.")
    ] = None,
    network: Annotated[Path, typer.Option(help="With --live: where `up` keeps its state.")] = Path(
        ".chatter"
    ),
) -> None:
    """Check an answer, and exit with 0 if it passed, 1 if not, 2 if it could not be checked."""
    from rabbit_chatter.errors import RecordingError, ToolError
    from rabbit_chatter.exercises.report import as_json as report_json
    from rabbit_chatter.exercises.report import as_junit

    try:
        verdicts = (
            _check_all(folder, quiet=as_json)
            if everything
            else _check_one(_workspace(folder), which, network if live else None, quiet=as_json)
        )
    except (RecordingError, ToolError) as error:
        print(f"rabbit-chatter: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    if as_json:
        print(json.dumps(report_json(verdicts), indent=2))
    if junit:
        junit.write_text(as_junit(verdicts), "utf-8")
    passed = all(verdict.passed for of_one in verdicts.values() for verdict in of_one)
    raise typer.Exit(0 if passed else 1)


@exercise.command()
def hint(which: Which = None, folder: Dir = _HERE) -> None:
    """Show the next of three hints, each nearer to the solution."""
    work = _workspace(folder)
    found = _exercise(work, which)
    number = work.next_hint(found)
    print(f"Hint {number + 1} of {len(found.hints)}: {found.hints[number].strip()}")


@exercise.command()
def solution(
    which: Which = None,
    folder: Dir = _HERE,
    *,
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Show it although you have not solved it.")
    ] = False,
) -> None:
    """Show one right answer; there are others. Only after yours passed, or with --give-up."""
    from rabbit_chatter.exercises.check_facts import solution_for
    from rabbit_chatter.exercises.manifest import FactsCheck, home

    work = _workspace(folder)
    found = _exercise(work, which) if which or work.current() else work.manifest.exercise[-1]
    if not work.may_see_solution(found, give_up=give_up):
        raise ExerciseError(
            f"{found.name} is not solved: take `rabbit-chatter exercise hint {found.name}`, or say --give-up"
        )
    if isinstance(found.check, FactsCheck):
        print(solution_for(work.answer(found), found.check), end="")
    else:
        print((home() / "solutions" / found.file).read_text("utf-8"), end="")


@exercise.command()
def reset(which: Which = None, folder: Dir = _HERE) -> None:
    """Put an exercise's file back as it was at first; yours is kept in .backups."""
    work = _workspace(folder)
    found = _exercise(work, which)
    backup = work.reset(found)
    print(f"{work.answer(found)} is as at first" + (f"; yours is in {backup}" if backup else ""))


@exercise.command()
def progress(*, as_json: AsJson = False, folder: Dir = _HERE) -> None:
    """Say how far you are."""
    work = _workspace(folder)
    done, count = work.progress, len(work.manifest.exercise)
    solved = [one.name for one in work.manifest.exercise if one.name in done.solved]
    following = work.current()
    if as_json:
        told = {
            "solved": solved,
            "of": count,
            "next": following.name if following else None,
            "hints": done.hints,
            "given_up": done.given_up,
        }
        print(json.dumps(told, indent=2))
        return
    bar = "█" * (30 * len(solved) // count)
    print(f"{bar:·<30} {len(solved)} of {count} solved")
    if following:
        print(f"Next: {work.manifest.number(following)} {following.name}, {following.title}")


@exercise.command()
def lint(
    names: Annotated[list[str] | None, typer.Argument(help="Which exercises; all if left out.")] = None,
    *,
    variants: Annotated[Path, typer.Option(help="Folder with other right answers, and wrong ones.")] = Path(
        "tests/exercises"
    ),
) -> None:
    """For authors: see that right answers pass, and that wrong ones and the exercise as shipped do not."""
    from rabbit_chatter.exercises.lint import lint as run_lint

    failed = run_lint(names or [], variants, _console())
    raise typer.Exit(1 if failed else 0)


def _workspace(folder: Path) -> "Workspace":
    from rabbit_chatter.exercises.manifest import manifest
    from rabbit_chatter.exercises.workspace import Workspace

    return Workspace(folder, manifest())


def _exercise(work: "Workspace", which: str | None) -> "Exercise":
    if which is not None:
        return work.manifest.get(which)
    found = work.current()
    if found is None:
        raise ExerciseError("all exercises are solved: name one to see it again")
    return found


def _console(*, quiet: bool = False) -> "Console":
    from rich.console import Console

    return Console(highlight=False, quiet=quiet)


def _judge(found: "Exercise", work: "Workspace", console: "Console") -> "Verdict":
    from rabbit_chatter.exercises.chart import show
    from rabbit_chatter.exercises.grade import Grader
    from rabbit_chatter.exercises.manifest import home

    answer = work.answer(found)
    verdict = Grader(home()).check(found, answer)
    show(console, verdict, f"{work.manifest.number(found)} {found.name}: {found.title}")
    console.print(f"  {answer}", style="dim", soft_wrap=True)
    work.judged(found, verdict)
    return verdict


def _check_one(
    work: "Workspace", which: str | None, network: Path | None, *, quiet: bool
) -> "dict[str, list[Verdict]]":
    found, console = _exercise(work, which), _console(quiet=quiet)
    if network is None:
        verdict = _judge(found, work, console)
    else:
        verdict = _judge_live(found, work.answer(found), network, console)
    return {work.folder.resolve().name: [verdict]}


def _judge_live(found: "Exercise", answer: Path, network: Path, console: "Console") -> "Verdict":
    from rabbit_chatter.exercises.chart import show
    from rabbit_chatter.exercises.manifest import home
    from rabbit_chatter.recorder.live import LiveCheck

    verdict = LiveCheck(home(), network, lambda what: console.print(f"  {what}")).check(found, answer)
    show(console, verdict, f"{found.name}, live: {found.title}")
    return verdict


def _what_now(work: "Workspace", found: "Exercise", console: "Console") -> None:
    path = work.answer(found)
    console.print(f"\n  Edit and save {path}", soft_wrap=True)
    console.print(f"  Stuck? In another terminal: rabbit-chatter exercise hint {found.name}")


def _check_all(folder: Path, *, quiet: bool) -> "dict[str, list[Verdict]]":
    from rich.progress import Progress

    from rabbit_chatter.exercises.classroom import Classroom
    from rabbit_chatter.exercises.grade import Grader
    from rabbit_chatter.exercises.manifest import home, manifest
    from rabbit_chatter.exercises.table import class_table

    room, exercises = Classroom(Grader(home()), manifest()), manifest().exercise
    students = room.students(folder)
    with Progress(console=_console(quiet=quiet), transient=True) as progress:
        task = progress.add_task("checking", total=len(students) * len(exercises))
        verdicts = room.check(students, exercises, lambda: progress.advance(task))
    _console(quiet=quiet).print(class_table(verdicts, manifest()))
    return verdicts
