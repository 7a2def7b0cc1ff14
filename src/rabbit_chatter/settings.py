"""The only module that reads the environment: once, into frozen objects.

``CHATTER_*`` variables are ours. The ``OTEL_*`` ones are OpenTelemetry's own and mean what its
specification says; those not named here are read by the SDK itself. An empty
variable is as good as none (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
"""

import os
import socket
from enum import StrEnum
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Topology(StrEnum):
    """How a conversation is laid out in traces."""

    TRACE = "trace"
    LINK = "link"


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


class IncidentSettings(BaseSettings):
    """Where the chat server tells of incidents; without an address it tells nobody."""

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
