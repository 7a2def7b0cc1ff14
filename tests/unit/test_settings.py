import os

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings

from rabbit_chatter import settings
from rabbit_chatter.settings import (
    BrokerSettings,
    DialectSettings,
    GrafanaSettings,
    ManagementSettings,
    ModelSettings,
    NeighbourSettings,
    ServerSettings,
    ServiceSettings,
    TelemetrySettings,
    Topology,
    TraceStoreSettings,
)

ALL: list[type[BaseSettings]] = [
    BrokerSettings,
    DialectSettings,
    GrafanaSettings,
    ManagementSettings,
    ModelSettings,
    NeighbourSettings,
    ServerSettings,
    ServiceSettings,
    TelemetrySettings,
    TraceStoreSettings,
]

OTLP = "OTEL_EXPORTER_OTLP_"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Take our own and OpenTelemetry's variables away, whatever the user has set."""
    for name in list(os.environ):
        if name.upper().startswith(("CHATTER_", "OTEL_")):
            monkeypatch.delenv(name)
    return monkeypatch


def test_all_settings_are_tested() -> None:
    """The list above has every class of settings that there is."""
    ours = [kind for kind in BaseSettings.__subclasses__() if kind.__module__ == settings.__name__]
    assert sorted(ours, key=str) == sorted(ALL, key=str)


@pytest.mark.parametrize("kind", ALL)
def test_everything_has_a_default(kind: type[BaseSettings]) -> None:
    """Without a single variable set, every component has settings, and nobody can change them."""
    made = kind()
    for name in kind.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(made, name, getattr(made, name))


@pytest.mark.parametrize(
    ("variable", "value", "field", "read"),
    [
        (f"{OTLP}ENDPOINT", "http://h:4318", "traces_url", "http://h:4318/v1/traces"),
        (f"{OTLP}ENDPOINT", "http://h:4318/", "traces_url", "http://h:4318/v1/traces"),
        (f"{OTLP}TRACES_ENDPOINT", "http://h/mine", "traces_url", "http://h/mine"),
        (f"{OTLP}PROTOCOL", "http/protobuf", "otlp_protocol", "http/protobuf"),
        (f"{OTLP}TRACES_PROTOCOL", "grpc", "otlp_protocol", "grpc"),
        (f"{OTLP}HEADERS", "a=b", "otlp_headers", SecretStr("a=b")),
        (f"{OTLP}TRACES_HEADERS", "a=b", "otlp_headers", SecretStr("a=b")),
        (f"{OTLP}TIMEOUT", "3", "otlp_timeout", 3.0),
        (f"{OTLP}TRACES_TIMEOUT", "4", "otlp_timeout", 4.0),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "17", "batch_size", 17),
        ("OTEL_BSP_SCHEDULE_DELAY", "250", "batch_delay_ms", 250),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "99", "queue_size", 99),
        ("CHATTER_TRACE_TOPOLOGY", "link", "topology", Topology.LINK),
        ("CHATTER_LOG_FORMAT", "json", "log_format", "json"),
        ("CHATTER_LOG_LEVEL", "DEBUG", "log_level", "DEBUG"),
    ],
)  # fmt: skip
def test_variables_of_telemetry_are_honoured(
    variable: str, value: str, field: str, read: object, environment: pytest.MonkeyPatch
) -> None:
    """OpenTelemetry's variables mean what its specification says; three are ours."""
    assert getattr(TelemetrySettings(), field) != read
    environment.setenv(variable, value)
    assert getattr(TelemetrySettings(), field) == read


@pytest.mark.parametrize(
    ("one", "all_", "values", "field"),
    [
        (f"{OTLP}TRACES_ENDPOINT", f"{OTLP}ENDPOINT", ("http://one", "http://all"), "traces_url"),
        (f"{OTLP}TRACES_PROTOCOL", f"{OTLP}PROTOCOL", ("grpc", "http/protobuf"), "otlp_protocol"),
        (f"{OTLP}TRACES_TIMEOUT", f"{OTLP}TIMEOUT", ("1", "2"), "otlp_timeout"),
    ],
)
def test_variable_for_traces_wins(
    one: str, all_: str, values: tuple[str, str], field: str, environment: pytest.MonkeyPatch
) -> None:
    """A variable for traces wins over that for all signals, as OpenTelemetry has it."""
    environment.setenv(one, values[0])
    alone = getattr(TelemetrySettings(), field)
    environment.setenv(all_, values[1])
    assert getattr(TelemetrySettings(), field) == alone


def test_empty_is_as_good_as_none(environment: pytest.MonkeyPatch) -> None:
    """An empty variable counts as not set, as OpenTelemetry has it and compose files leave it."""
    without = TelemetrySettings()
    for variable in ("ENDPOINT", "TRACES_ENDPOINT", "PROTOCOL", "TRACES_PROTOCOL", "TIMEOUT"):
        environment.setenv(f"{OTLP}{variable}", "")
    environment.setenv("CHATTER_LOG_LEVEL", "")
    assert TelemetrySettings() == without
    assert TelemetrySettings().traces_url is None


def test_other_peoples_variables_are_not_ours(environment: pytest.MonkeyPatch) -> None:
    """Variables without our prefix or OpenTelemetry's, which other programs read, change nothing."""
    before = [kind() for kind in ALL]
    for kind in ALL:
        for name in kind.model_fields:
            environment.setenv(name.upper(), "17")
    assert [kind() for kind in ALL] == before


@pytest.mark.parametrize(
    ("variable", "secret", "kind"),
    [
        ("CHATTER_AMQP_URL", "amqp://anna:hush@host/vhost", BrokerSettings),
        ("CHATTER_MANAGEMENT_PASSWORD", "hush", ManagementSettings),
        (f"{OTLP}HEADERS", "authorization=Bearer%20hush", TelemetrySettings),
    ],
)
def test_secrets_are_not_shown(
    variable: str, secret: str, kind: type[BaseSettings], environment: pytest.MonkeyPatch
) -> None:
    """Whoever logs settings, or dumps them, logs no password and no token."""
    environment.setenv(variable, secret)
    made = kind()
    for shown in (repr(made), str(made), made.model_dump_json(), repr(made.model_dump())):
        assert "hush" not in shown


@pytest.mark.parametrize(
    ("variable", "value", "kind"),
    [
        ("CHATTER_PUBLISH_TIMEOUT", "0", BrokerSettings),
        ("CHATTER_PUBLISH_TIMEOUT", "soon", BrokerSettings),
        ("CHATTER_ARCHIVE_MESSAGES", "-1", ServerSettings),
        ("CHATTER_MANAGEMENT_REFRESH", "0", ManagementSettings),
        ("CHATTER_TRACE_TOPOLOGY", "star", TelemetrySettings),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", TelemetrySettings),
    ],
)
def test_impossible_value_is_refused(
    variable: str, value: str, kind: type[BaseSettings], environment: pytest.MonkeyPatch
) -> None:
    """A value that cannot be meant is refused at the start, and quoted."""
    environment.setenv(variable, value)
    with pytest.raises(ValidationError, match=f"input_value='{value}'"):
        kind()


def test_a_wrong_value_is_told_by_its_variable() -> None:
    """Whoever set a variable reads its name, whether the field has that name from a prefix or of its own."""
    assert settings.variable_of("ServiceSettings", "drain_timeout") == "CHATTER_DRAIN_TIMEOUT"
    assert settings.variable_of("TelemetrySettings", "CHATTER_LOG_LEVEL") == "CHATTER_LOG_LEVEL"
