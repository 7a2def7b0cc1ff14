"""The only module that reads the environment: once, into frozen objects.

``CHATTER_*`` variables are ours. The ``OTEL_*`` ones are OpenTelemetry's own and mean what its
specification says; those not named here are read by the SDK itself. An empty
variable is as good as none (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
"""

import os
import socket
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Topology(StrEnum):
    """How a conversation is laid out in traces."""

    TRACE = "trace"
    LINK = "link"


class QueueType(StrEnum):
    """What the broker makes of durable queues, where it is not told."""

    CLASSIC = "classic"
    QUORUM = "quorum"


class BrokerSettings(BaseSettings):
    """Where RabbitMQ is and who we are there."""

    model_config = SettingsConfigDict(
        env_prefix="CHATTER_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    amqp_url: SecretStr = Field(
        SecretStr("amqp://127.0.0.1:5672/chatter"),
        description="RabbitMQ with user, password and virtual host: amqp://user:password@host:port/vhost",
    )
    publish_timeout: float = Field(
        10.0, gt=0, description="seconds to wait for one publisher confirm before trying again"
    )
    publish_patience: float = Field(60.0, gt=0, description="seconds after which a publish is given up")
    queue_type: QueueType = Field(
        QueueType.CLASSIC,
        description="the broker's default for durable queues; `quorum` ones are left to expire after a talk",
    )
    concurrency: int | None = Field(
        None,
        gt=0,
        description="messages that a process works on at a time; the others wait; without one, all that come",
    )
    reconnect_max_delay: float = Field(5.0, gt=0, description="longest pause between attempts, in seconds")


class ServiceSettings(BaseSettings):
    """Where a component listens, and whom it asks."""

    model_config = SettingsConfigDict(
        env_prefix="CHATTER_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    host: str = Field("127.0.0.1", description="address to listen on; loopback unless asked otherwise")
    metrics_address: str | None = Field(
        None, description="host:port under which Prometheus reaches /metrics, where it differs from ours"
    )
    instance: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}",
        description="name of this process among others of its kind",
    )
    queue_manager_url: str = Field("http://127.0.0.1:8081", description="address of the queue-manager")
    drain_timeout: float = Field(10.0, gt=0, description="seconds a SIGTERM leaves for work in hand")


class ServerSettings(BaseSettings):
    """How much the chat server keeps; the stream in RabbitMQ may keep more."""

    model_config = SettingsConfigDict(
        env_prefix="CHATTER_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    archive_messages: int = Field(50_000, gt=0, description="messages that the chat server keeps")
    archive_bytes: int = Field(
        64_000_000, gt=0, description="bytes of JSON that it keeps; whichever limit is reached first holds"
    )
    token: SecretStr = Field(
        SecretStr(""),
        description="token for requests that change something, asked for off loopback; random if not set",
    )


class TraceStoreSettings(BaseSettings):
    """How many spans the chat server keeps itself, where it is sent any: without Jaeger."""

    model_config = SettingsConfigDict(
        env_prefix="CHATTER_TRACES_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    file: str | None = Field(None, description="SQLite file for them; without one, a temporary file")
    spans: int = Field(100_000, gt=0, description="spans that it keeps, whole traces, the latest")
    bytes: int = Field(
        64_000_000, gt=0, description="bytes of JSON that it keeps; whichever limit is reached first holds"
    )


class NeighbourSettings(BaseSettings):
    """Programs beside the chat server, which the page links to; what has no address is not there."""

    model_config = SettingsConfigDict(
        env_prefix="CHATTER_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    prometheus_url: str | None = Field(None, description="Prometheus, for the past of queue depths")
    alertmanager_url: str | None = Field(None, description="Alertmanager, asked for what fires")
    jaeger_url: str | None = Field(None, description="Jaeger, asked for traces")
    prometheus_page: str | None = Field(None, description="where a browser finds Prometheus, if elsewhere")
    alertmanager_page: str | None = Field(None, description="likewise Alertmanager")
    jaeger_page: str | None = Field(None, description="likewise Jaeger")
    grafana_page: str | None = Field(None, description="where a browser finds Grafana")
    rabbitmq_page: str | None = Field(None, description="where a browser finds RabbitMQ's management pages")
    logs_folder: str | None = Field(None, description="folder of all components' log files")
    exercises_folder: str | None = Field(
        None, description="folder with a student's answers, whose progress the page shows"
    )


class GrafanaSettings(BaseSettings):
    """Where incidents and the autoscaler's changes are marked in graphs; without an address, nowhere."""

    model_config = SettingsConfigDict(
        env_prefix="CHATTER_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    grafana_url: str = Field("", description="Grafana, for annotations, such as http://127.0.0.1:3000")
    grafana_token: SecretStr = Field(
        SecretStr(""), description="a service account's token, or user:password; it may write annotations"
    )


class ManagementSettings(BaseSettings):
    """RabbitMQ's management API; only the queue-manager has these."""

    model_config = SettingsConfigDict(
        env_prefix="CHATTER_MANAGEMENT_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    url: str = Field("http://127.0.0.1:15672", description="address of the management API")
    user: str = Field("chatter-manager", description="a user with the tag `monitoring`, without permissions")
    password: SecretStr = Field(SecretStr(""), description="that user's password")
    vhost: str = Field("chatter", description="virtual host to list")
    refresh: float = Field(2.0, gt=0, description="seconds an answer is served from cache")
    timeout: float = Field(10.0, gt=0, description="seconds after which a management call is given up")


class DialectSettings(BaseSettings):
    """What dialects keep."""

    model_config = SettingsConfigDict(
        env_prefix="CHATTER_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    cache: Path = Field(
        Path("~/.cache/rabbit-chatter"), description="folder for trained models; only its owner can read it"
    )

    @field_validator("cache")
    @classmethod
    def _at_home(cls, value: Path) -> Path:
        return value.expanduser()


class ModelSettings(BaseSettings):
    """The language model behind the dialect `llm`; its options win where they say the same."""

    model_config = SettingsConfigDict(
        env_prefix="CHATTER_LLM_", frozen=True, extra="ignore", env_ignore_empty=True, protected_namespaces=()
    )

    api_key: SecretStr = Field(
        SecretStr(""),
        validation_alias=AliasChoices("CHATTER_LLM_API_KEY", "OPENAI_API_KEY"),
        description="key of the endpoint; one on this machine needs none",
    )
    base_url: str | None = Field(
        None, description="address of an OpenAI-compatible endpoint; OpenAI's own if left out"
    )
    model: str | None = Field(None, description="name of the model")


class TelemetrySettings(BaseSettings):
    """Traces and logs."""

    # With populate_by_name, fields are read by their own names, too: LOG_LEVEL, if there were no prefix.
    model_config = SettingsConfigDict(
        env_prefix="CHATTER_", frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    topology: Topology = Field(
        Topology.TRACE,
        validation_alias=AliasChoices("CHATTER_TRACE_TOPOLOGY"),
        description="`trace`: a conversation is one trace; `link`: every message is one, linked to its cause",
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto",
        validation_alias=AliasChoices("CHATTER_LOG_FORMAT"),
        description="`auto` writes for people on a terminal and JSON elsewhere",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", validation_alias=AliasChoices("CHATTER_LOG_LEVEL"), description="least level that is logged"
    )
    capture_content: bool = Field(
        default=False,
        validation_alias=AliasChoices("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"),
        description="`true` writes what language models are asked and answer into traces",
    )
    otlp_endpoint: str | None = Field(
        None,
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        description="full address for traces; wins over OTEL_EXPORTER_OTLP_ENDPOINT",
    )
    otlp_base: str | None = Field(
        None,
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_ENDPOINT"),
        description="OTLP address, such as http://127.0.0.1:4318; without one nothing is exported",
    )
    otlp_protocol: Literal["http/json", "http/protobuf", "grpc"] = Field(
        "http/json",
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"),
        description="JSON costs a bot process the least; `grpc` needs the extra rabbit-chatter[grpc]",
    )
    otlp_headers: SecretStr = Field(
        SecretStr(""),
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"),
        description="key=value pairs, comma-separated and percent-encoded, sent with each export",
    )
    otlp_timeout: float = Field(
        10.0,
        gt=0,
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"),
        description="seconds after which an export is given up",
    )
    batch_size: int = Field(
        512,
        gt=0,
        validation_alias=AliasChoices("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
        description="spans per export; small ones hold Python's interpreter lock for a shorter time",
    )
    batch_delay_ms: int = Field(
        1000,
        gt=0,
        validation_alias=AliasChoices("OTEL_BSP_SCHEDULE_DELAY"),
        description="longest wait before an export, in milliseconds",
    )
    queue_size: int = Field(
        8192,
        gt=0,
        validation_alias=AliasChoices("OTEL_BSP_MAX_QUEUE_SIZE"),
        description="spans kept while the receiver is away; more are dropped",
    )

    @property
    def traces_url(self) -> str | None:
        """Where OTLP/HTTP traces go, or ``None``: nothing is exported."""
        if self.otlp_endpoint:
            return self.otlp_endpoint
        return f"{self.otlp_base.rstrip('/')}/v1/traces" if self.otlp_base else None


def variable_of(settings: str, field: str) -> str:
    """Return the environment variable that ``field`` of the class called ``settings`` is read from.

    A field with names of its own is known by these already.
    """
    known = {one.__name__: one for one in BaseSettings.__subclasses__()}
    prefix = known[settings].model_config.get("env_prefix", "") if settings in known else ""
    return field if field.isupper() else f"{prefix}{field}".upper()
