import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from rabbit_chatter.settings import TelemetrySettings
from rabbit_chatter.telemetry.logs import configure_logs

SECRET = "correct-horse-battery"  # noqa: S105 - looked for where it must not be


class Output(io.TextIOWrapper):
    """A stream in memory, with bytes below as standard output has them."""

    def __init__(self) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, "utf-8", write_through=True)

    def text(self) -> str:
        """Return what was written."""
        return self.bytes.getvalue().decode()

    def lines(self) -> list[dict[str, Any]]:
        """Return what was written, each line as JSON."""
        return [json.loads(line) for line in self.text().splitlines()]


Configure = Callable[..., Output]


@pytest.fixture
def configure() -> Iterator[Configure]:
    """Return a function that configures logging into memory; undo it at the end."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    noisy = {name: logging.getLogger(name).level for name in ("aiormq", "aio_pika", "httpx", "asyncio")}

    def make(
        log_format: Literal["auto", "json", "console"] = "json", log_level: Literal["DEBUG", "INFO"] = "INFO"
    ) -> Output:
        stream = Output()
        configure_logs(TelemetrySettings(log_format=log_format, log_level=log_level), "bot-test", stream)
        return stream

    try:
        yield make
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, before in noisy.items():
            logging.getLogger(name).setLevel(before)


def in_span(trace_id: int, span_id: int) -> Any:  # noqa: ANN401 - a context manager
    """Make a span with these ids the current one."""
    context = SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(0))
    return trace.use_span(NonRecordingSpan(context))


def test_line_says_what_when_who_and_how_bad(configure: Configure) -> None:
    """A line is JSON with event, level, service and a time in UTC, and with what was given."""
    output = configure()
    structlog.get_logger().warning("message.late", seconds=1.5, key="dm.anna.berta")
    (line,) = output.lines()
    assert line.pop("timestamp").endswith("Z")
    said = {"event": "message.late", "level": "warning", "service": "bot-test"}
    assert line == {**said, "seconds": 1.5, "key": "dm.anna.berta"}


def test_line_inside_a_span_names_it(configure: Configure) -> None:
    """Inside a span, sampled or not, a line has the ids as Jaeger writes them; outside it has none."""
    output = configure()
    with in_span(0xABC, 0xDEF):
        structlog.get_logger().info("inside")
    structlog.get_logger().info("outside")
    inside, outside = output.lines()
    assert (inside["trace_id"], inside["span_id"]) == (f"{0xABC:032x}", f"{0xDEF:016x}")
    assert not {"trace_id", "span_id"} & set(outside)


def test_libraries_lines_look_the_same(configure: Configure) -> None:
    """What a library logs passes through the same door: JSON, service, the trace, and its logger's name."""
    output = configure()
    with in_span(0xABC, 0xDEF):
        logging.getLogger("uvicorn.error").info("started on %s", "loopback")
    (line,) = output.lines()
    assert line["event"] == "started on loopback"
    assert (line["logger"], line["level"], line["service"]) == ("uvicorn.error", "info", "bot-test")
    assert line["trace_id"] == f"{0xABC:032x}"


def test_level_holds_for_all(configure: Configure) -> None:
    """Below the level nothing is written, neither ours nor a library's; reconnecting libraries whisper."""
    output = configure()
    structlog.get_logger().debug("ours")
    logging.getLogger("somebodys").debug("theirs")
    logging.getLogger("aiormq.connection").warning("connection lost")
    assert output.text() == ""
    output = configure(log_level="DEBUG")
    structlog.get_logger().debug("ours")
    logging.getLogger("somebodys").debug("theirs")
    assert [line["event"] for line in output.lines()] == ["ours", "theirs"]


@pytest.mark.parametrize("logger", [structlog.get_logger, lambda: logging.getLogger("somebodys")])
def test_exception_shows_no_variables(configure: Configure, logger: Callable[[], Any]) -> None:
    """An exception says its type, message and place, and nothing of what was in variables."""
    output = configure()

    def fail(password: str) -> None:
        raise ValueError(f"a password of {len(password)} characters")

    try:
        fail(SECRET)
    except ValueError:
        logger().exception("login.failed")
    (line,) = output.lines()
    (exception,) = line["exception"]
    assert exception["exc_type"] == "ValueError"
    assert exception["exc_value"] == f"a password of {len(SECRET)} characters"
    assert exception["frames"][-1]["name"] == "fail"
    assert SECRET not in output.text()


@pytest.mark.parametrize("text", ["line\nbreak", "\x1b[31mred", "\x00", 'quote" and \\', "🐇 ١٢٣", "\u2028"])
def test_untrusted_text_stays_in_its_line(configure: Configure, text: str) -> None:
    """Text from strangers can neither begin a new line nor colour a terminal, and comes back unchanged."""
    output = configure()
    structlog.get_logger().info("said", text=text)
    logging.getLogger("somebodys").info("%s", text)
    ours, theirs = (
        output.text().splitlines(keepends=False) if text != "\u2028" else output.text().split("\n")[:2]
    )
    assert json.loads(ours)["text"] == text
    assert json.loads(theirs)["event"] == text
    assert "\x1b" not in output.text()


def test_any_object_can_be_logged(configure: Configure) -> None:
    """What JSON does not know is written as text instead of failing."""
    output = configure()
    structlog.get_logger().info("odd", value=object, error=ValueError("x"), many={1, 2})
    (line,) = output.lines()
    assert line["error"] == "x"
    assert line["value"] == "<class 'object'>"


def test_people_read_text(configure: Configure) -> None:
    """For people, a line is text with its event and trace, and `auto` writes JSON where nobody watches."""
    output = configure("console")
    with in_span(0xABC, 0xDEF):
        structlog.get_logger().info("message.said", bot="anna")
    assert "message.said" in output.text()
    assert f"{0xABC:032x}" in output.text()
    with pytest.raises(json.JSONDecodeError):
        output.lines()
    output = configure("auto")
    structlog.get_logger().info("message.said")
    assert output.lines()
