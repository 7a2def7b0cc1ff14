import json
import random
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from rabbit_chatter.bench.transcript import _WRITERS as WRITERS
from rabbit_chatter.dialects import Line, Persona, Prepared, choose, prepare
from rabbit_chatter.dialects.transcript.excerpts import Sample
from rabbit_chatter.dialects.transcript.formats import READERS, Kind, recognize
from rabbit_chatter.dialects.transcript.pseudonyms import Pseudonyms
from rabbit_chatter.dialects.transcript.said import Broken, Said
from rabbit_chatter.errors import DialectError
from rabbit_chatter.testing import DialectContract

EXPORTS = Path(__file__).parent / "exports"

# Each file: what kind it is, what was said, and how many pieces are broken.
FILES: dict[str, tuple[str, list[tuple[str, str]], int]] = {
    "sms-en.xml": (
        "sms",
        [
            ("Anna Smith", "Are you coming tonight?"),
            ("me", "Yes 😊 & I bring cake\nfor all"),
            ("12345", "Your code is 987654"),
            ("Anna Smith", "Great, Anna is happy"),
        ],
        1,
    ),
    "whatsapp-en-gb.txt": (
        "whatsapp",
        [("Anna Smith", "Are you coming?"), ("Bert", "Yes: at nine\nor so"), ("Anna Smith", "Great")],
        0,
    ),
    "whatsapp-en-us.txt": ("whatsapp", [("Anna Smith", "Are you coming?"), ("Bert", "Yes")], 0),
    "whatsapp-ios-us.txt": ("whatsapp", [("Anna Smith", "Are you coming?"), ("Bert", "Yes")], 0),
    "whatsapp-de.txt": ("whatsapp", [("Änne Müller", "Kommst du?"), ("Bert", "Ja")], 0),
    "whatsapp-ios-de.txt": ("whatsapp", [("Änne Müller", "Kommst du?"), ("Bert", "Ja")], 0),
    "whatsapp-es.txt": ("whatsapp", [("Ana", "¿Vienes?"), ("Luis", "Sí")], 0),
    "whatsapp-ko.txt": ("whatsapp", [("민수", "오고 있어?"), ("지영", "응")], 0),
    "whatsapp-zh.txt": ("whatsapp", [("小明", "你来吗\uff1f"), ("小红", "来")], 0),
    "whatsapp-sv.txt": ("whatsapp", [("Åsa", "Kommer du?"), ("Bo", "Ja")], 0),
    "whatsapp-fr.txt": ("whatsapp", [("Zoé", "Tu viens ?"), ("Luc", "Oui")], 0),
    "whatsapp-torn.txt": ("whatsapp", [("Ann", "Hi"), ("Bert", "Ho")], 1),
    "telegram-chat.json": (
        "telegram",
        [("Анна", "Ты придёшь?"), ("Bert", "Yes, see https://example.org/x!"), ("Анна", "Ура")],  # noqa: RUF001 - Russian
        1,
    ),
    "telegram-account.json": ("telegram", [("Anna", "Are you coming?"), ("Bert", "Yes"), ("Carl", "Hi")], 0),
    "telegram-torn.json": ("telegram", [("Anna", "Are you coming?"), ("Bert", "Yes")], 1),
    "signal.json": (
        "signal",
        [("Anna Smith", "Are you coming?"), ("Me", "Yes, give me a minute"), ("Anna Smith", "Great")],
        1,
    ),
    "discord.json": ("discord", [("Anna Smith", "Are you coming?"), ("bert", "Yes")], 1),
    "table.csv": (
        "csv",
        [("Anna Smith", "Are you, really, coming?"), ("Bert", 'Yes\n"maybe"'), ("Carl", "Hi")],
        2,
    ),
    "table-de.csv": ("csv", [("Änne", "Kommst du?"), ("Bert", "Ja")], 0),
}


class TestTranscript(DialectContract):
    """The contract, for `transcript`."""

    dialect = "transcript"
    options = {"file": str(EXPORTS / "signal.json")}  # noqa: RUF012 - read only


async def transcript(file: Path, **options: object) -> Prepared:
    """Return the dialect, replaying ``file``."""
    return await prepare(choose("transcript", {"file": str(file), **options}))


def read(file: Path) -> tuple[list[Said], Broken]:
    """Return what a file says, and what of it is broken."""
    broken = Broken(file)
    return list(READERS[recognize(file)](file, broken)), broken


def test_every_export_is_tested() -> None:
    """The table above has each file, and some for each kind of export."""
    there = {file.name for file in EXPORTS.iterdir()} - {"sms-bomb.xml"}
    assert there == set(FILES)
    assert {kind for kind, _, _ in FILES.values()} == set(READERS)


@pytest.mark.parametrize("name", FILES)
def test_export_is_read(name: str) -> None:
    """Each kind is recognized, each message read in its order, and what is broken is counted and skipped."""
    kind, said, skipped = FILES[name]
    assert recognize(EXPORTS / name) == kind
    messages, broken = read(EXPORTS / name)
    assert [(message.speaker, message.text) for message in messages] == said
    assert broken.count == skipped


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("sms-en.xml", 8),
        ("whatsapp-torn.txt", 1),
        ("telegram-chat.json", 10),
        ("telegram-torn.json", 4),
        ("signal.json", 3),
        ("discord.json", 10),
        ("table.csv", 5),
    ],
)
def test_broken_piece_is_told_with_file_and_line(name: str, line: int) -> None:
    """The log names the file and the line where a skipped piece is."""
    with capture_logs() as logs:
        read(EXPORTS / name)
    told = [entry for entry in logs if entry["event"] == "transcript.skipped"]
    assert told[0]["file"] == str(EXPORTS / name)
    assert told[0]["line"] == line
    assert told[0]["why"]


def test_log_is_not_flooded(tmp_path: Path) -> None:
    """Of a thousand broken lines, all are counted, and the first are logged."""
    file = tmp_path / "signal.json"
    file.write_text('{"sender": "a", "body": "b"}\n' + "broken\n" * 1000)
    with capture_logs() as logs:
        _, broken = read(file)
    assert broken.count == 1000
    assert 0 < len(logs) < 50


def test_entities_that_explode_are_refused() -> None:
    """An XML file that declares entities is no export, and is not read."""
    with pytest.raises(DialectError, match=r"sms-bomb\.xml declares a document type"):
        read(EXPORTS / "sms-bomb.xml")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is no export that is known"),
        ("Dear diary,\nnothing happened.", "sms, whatsapp, telegram, signal, discord, csv"),
        ("<html><body>hello</body></html>", "is no export that is known"),
        ('{"menu": {"id": "file"}}', "is no export that is known"),
        ("\x00\x01\x02", "is no export that is known"),
        ("14.11.23, 22:13 - You created the group", "no message that can be read as whatsapp"),
    ],
)
async def test_what_is_no_export_is_told(tmp_path: Path, content: str, said: str) -> None:
    """A file that is something else is told by its name, with what can be read."""
    file = tmp_path / "diary.txt"
    file.write_text(content)
    with pytest.raises(DialectError, match=r"diary\.txt") as raised:
        await transcript(file)
    assert said in str(raised.value)


async def test_missing_file_is_told(tmp_path: Path) -> None:
    """No file, or one that is not there, is told with what to do."""
    with pytest.raises(DialectError, match=r"--dialect-option transcript\.file=PATH"):
        await prepare(choose("transcript", {}))
    with pytest.raises(DialectError, match=r"nowhere\.xml: No such file"):
        await transcript(tmp_path / "nowhere.xml")
    with pytest.raises(DialectError, match=r"table\.csv has no message that can be read as signal"):
        await transcript(EXPORTS / "table.csv", format="signal")


def test_names_and_numbers_are_replaced() -> None:
    """Whoever spoke has another name, wherever and however it is written; addresses and numbers are signs."""
    hidden = Pseudonyms(["Anna Smith", "Bert", "me"]).hide(
        "ANNA and Anna Smith told bert: +44 20 7946-0958, anna@example.org, https://x.org/a?b=1, room 42, "
        "but give me the annals"
    )
    assert not {"anna", "smith", "bert"} & {word.strip(":,").lower() for word in hidden.split()}
    assert hidden.endswith(": ###, [mail], [link], room 42, but give me the annals")
    first, second = hidden.split()[0], hidden.split()[2]
    assert first == second, "one person has one name"


def test_thousands_of_names_are_replaced() -> None:
    """A large group is no obstacle."""
    hide = Pseudonyms([f"Person{number}" for number in range(6000)]).hide
    assert "Person" not in hide("Person0 met Person2999 and Person5999.")


async def test_names_may_be_kept() -> None:
    """Whoever wants the original has it by asking for it."""
    excerpts = (await transcript(EXPORTS / "sms-en.xml", keep_names="true")).shared
    assert "Great, Anna is happy" in str(excerpts.stretches)
    hidden = (await transcript(EXPORTS / "sms-en.xml")).shared
    assert "Anna" not in str(hidden.stretches)
    assert "987654" not in str(hidden.stretches)


async def test_conversation_is_replayed() -> None:
    """Two bots that leave nothing to chance say what was said, in its order."""
    ready = await transcript(EXPORTS / "whatsapp-en-gb.txt", remix=0)
    anna, berta = (ready.speak(Persona(name, random.Random(name))) for name in ("anna", "berta"))  # noqa: S311 - a game
    said = [await anna.open("berta")]
    for speaker in (berta, anna):
        said.append(str(await speaker.answer([Line("x", said[-1])], said[-1])))
    assert said == ["Are you coming?", "Yes: at nine\nor so", "Great"]


async def test_something_akin_is_answered() -> None:
    """What nobody said in the export is answered with what followed something with a word of it."""
    ready = await transcript(EXPORTS / "signal.json")
    anna = ready.speak(Persona("anna", random.Random(1)))  # noqa: S311 - a game
    assert await anna.answer([], "When are they coming back?") == "Yes, give me a minute"


def test_sample_is_fair_and_bounded() -> None:
    """Of a long export a part is kept, from all over it, each conversation by itself and in its order."""
    sample = Sample(480, random.Random(1))  # noqa: S311 - a game
    sample.take(Said(f"chat{n % 3}", f"p{n // 3 % 2}", f"{n}") for n in range(60_000))
    numbers = [[int(turn.text) for turn in stretch] for stretch in sample.kept]
    assert len(numbers) == 20
    assert all(stretch == list(range(stretch[0], stretch[-1] + 1, 3)) for stretch in numbers)
    assert min(map(min, numbers)) < 15_000
    assert max(map(max, numbers)) > 45_000


def test_exports_of_the_benchmark_are_read(tmp_path: Path) -> None:
    """What the benchmark generates is what is read in full: its figures are about the real work."""
    for kind, (head, message, between, tail) in WRITERS.items():
        file = tmp_path / kind
        texts = [message(("Anna", "Bert")[n % 2], f"text {n}") for n in range(50)]
        file.write_text(head + between.join(texts) + tail)
        messages, broken = read(file)
        assert (len(messages), broken.count) == (50, 0), kind


def test_telegram_pieces_are_put_together(tmp_path: Path) -> None:
    """A text that Telegram cut into marked pieces is one text."""
    file = tmp_path / "result.json"
    pieces = ["a ", {"type": "bold", "text": "b"}, " c"]
    file.write_text(json.dumps({"messages": [{"type": "message", "from": "x", "text": pieces}]}))
    assert read(file)[0] == [Said("", "x", "a b c")]


def test_a_kind_can_be_named() -> None:
    """What is not recognized can be told by name."""
    assert {kind.value for kind in Kind} == {"auto", *READERS}
