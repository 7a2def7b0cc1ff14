"""A student's exercises, for the page: how far they are, and what was said of each answer.

``rabbit-chatter exercise`` writes both files, and the page shows them. They are in a folder that anybody may
have written to: what has not the right form is not passed on.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from fastapi import FastAPI, HTTPException
from fastapi import Path as InPath
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from rabbit_chatter.server.models import Problem

OVERVIEW = ".page.json"
VERDICTS = ".verdicts"
MAX_FILE_BYTES = 1_000_000  # thirty recordings of an hour are a tenth of it

_NAME = r"^[a-z0-9][a-z0-9-]{0,63}$"
_MAX_EXERCISES, _MAX_LINES, _MAX_SCRAPES = 200, 200, 20_000

Name = Annotated[str, StringConstraints(pattern=_NAME)]
Short = Annotated[str, StringConstraints(max_length=300)]
Long = Annotated[str, StringConstraints(max_length=10_000)]
Percent = Annotated[int, Field(ge=0, le=100)]
Few = Annotated[int, Field(ge=0, le=99)]
Seconds = Annotated[int, Field(ge=0, le=1_000_000)]
Counts = Annotated[list[Annotated[int, Field(ge=0, le=1_000_000)]], Field(max_length=_MAX_SCRAPES)]

Form = TypeVar("Form", bound=BaseModel)


class Standing(BaseModel):
    """One exercise, and how far the student is with it."""

    name: Name = Field(examples=["queue-growing"])
    title: Short
    topic: Short = Field(examples=["alerts"])
    state: Literal["solved", "given up", "started", "not yet"]
    score: Percent | None = Field(None, description="of the last check; null before the first")
    hints: Few = Field(0, description="how many were shown")
    hints_of: Few = 3


class Progress(BaseModel):
    """All exercises in their order; none before the first was started."""

    exercises: Annotated[list[Standing], Field(max_length=_MAX_EXERCISES)] = []
    latest: Name | None = Field(None, description="whose answer was checked last")
    problem: str | None = Field(None, description="why nothing can be shown, and what to do")


class Remark(BaseModel):
    """One thing that was looked at in an answer."""

    good: bool
    text: Long
    weight: Few = Field(1, description="0 is advice, which decides nothing")


class Replay(BaseModel):
    """What an answer's alerts did in one recording, one number per scrape."""

    recording: Short
    title: Short
    expected: bool = Field(description="whether an alert should fire in it")
    interval: Annotated[int, Field(ge=1, le=3600)] = Field(description="seconds between scrapes")
    firing: Counts
    pending: Counts
    inject: Seconds | None = Field(None, description="seconds until the trouble began")
    clear: Seconds | None = Field(None, description="seconds until its cause was gone")


class Judged(BaseModel):
    """What was said of an answer when it was last checked."""

    exercise: Name
    checked: Short = Field(description="ISO 8601 in UTC", examples=["2026-05-04T08:15:30Z"])
    passed: bool
    score: Percent
    findings: Annotated[list[Remark], Field(max_length=_MAX_LINES)]
    timelines: Annotated[list[Replay], Field(max_length=_MAX_LINES)] = []


class Damaged(Exception):  # noqa: N818 - the student's file, not a failure of ours
    """A file does not have the form that it should have; the message says what to do."""


def add_exercises(app: FastAPI, folder: Path | None) -> None:
    """Answer what a student has done in ``folder``; ``None``: nobody said where that is.

    The functions are not coroutines, so that a slow disk holds up nobody else.
    """

    @app.get("/exercises", tags=["exercises"])
    def exercises() -> Progress:
        """List the exercises, and how far the student is."""
        if folder is None:
            return Progress(
                problem="this server was not told where exercises are done: CHATTER_EXERCISES_FOLDER"
            )
        try:
            return read(folder / OVERVIEW, Progress) or Progress()
        except Damaged as error:
            return Progress(problem=str(error))

    @app.get("/exercises/{name}", tags=["exercises"], responses={404: {"model": Problem}})
    def verdict(name: Annotated[str, InPath(pattern=_NAME)]) -> Judged:
        """Give the last verdict on an answer, with what its alerts did in each recording."""
        try:
            found = read(folder / VERDICTS / f"{name}.json", Judged) if folder else None
        except Damaged as error:
            raise HTTPException(404, str(error)) from error
        if found is None:
            raise HTTPException(404, f"not checked yet: rabbit-chatter exercise check {name}")
        return found


def read(file: Path, form: type[Form]) -> Form | None:
    """Return what is in a file, or ``None``: it is not there.

    Raises:
        Damaged: it cannot be read, is too large, or is not of that form.
    """
    if not file.exists():
        return None
    again = "`rabbit-chatter exercise check` writes it anew"
    if not file.is_file():
        raise Damaged(f"{file.name} is not a file: remove it, and {again}")
    try:
        with file.open("rb") as opened:
            body = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Damaged(f"{file.name} cannot be read: {error.strerror}") from error
    if len(body) > MAX_FILE_BYTES:
        raise Damaged(f"{file.name} is larger than {MAX_FILE_BYTES} bytes; {again}")
    try:
        return form.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise Damaged(f"{file.name} is damaged ({where}: {first['msg']}); {again}") from error
