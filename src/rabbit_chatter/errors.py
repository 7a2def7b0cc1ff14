"""Every error that rabbit-chatter raises on purpose.

    ChatterError
    ├── BadNameError            a bot's name breaks the rules
    ├── BadMessageError         a message that nobody could handle (carries a reason for the dead letter)
    ├── PublishError
    │   ├── UnroutableError     no queue is bound to the routing key
    │   ├── MessageTooLargeError
    │   └── NotConfirmedError   the broker did not confirm in time
    ├── NameTakenError          another bot lives under that name
    ├── BrokerUnavailableError  no connection within the deadline
    │   └── BrokerRefusedError  the broker closed the channel: a right, a queue or an argument is wrong
    ├── DirectoryUnavailableError  the queue-manager does not answer
    ├── ManagementError         RabbitMQ's management API does not answer
    ├── DialectError            a dialect cannot be used
    │   ├── UnknownDialectError
    │   ├── ModelError          a language model gave no answer (carries a kind for the metric)
    │   └── OptionError         an option of a dialect, or a key of a population file, is wrong
    ├── TelemetryError          the instrumentation did not take hold
    ├── IncidentError           there is no such incident, or it cannot be started so
    ├── AddressError            a component cannot listen where it was told to
    ├── UpError                 a local process could not be started
    ├── RecordingError          a recording is missing or damaged
    └── ExerciseError           an exercise cannot be shown, checked or reset
        └── ToolError           promtool or amtool is missing, or ran too long

A message says what happened and what to do next; the command line prints it as it is.
"""


class ChatterError(Exception):
    """The root: catch this to catch everything that we raise on purpose."""


class BadNameError(ChatterError, ValueError):
    """A bot's name must be 3 to 20 of the characters a-z and 0-9."""


class BadMessageError(ChatterError, ValueError):
    """A message cannot be handled.

    Args:
        reason: one of :class:`rabbit_chatter.messages.Reason`'s values; it becomes a metric label.
        detail: a sentence for people.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class PublishError(ChatterError):
    """A message did not reach a queue."""


class UnroutableError(PublishError):
    """No queue is bound to the routing key: the partner has left, or the name is wrong."""


class MessageTooLargeError(PublishError):
    """A message is larger than the limit and was not sent."""


class NotConfirmedError(PublishError):
    """The broker did not confirm in time; the message may or may not have arrived."""


class NameTakenError(ChatterError):
    """Another bot lives under that name; choose another."""


class BrokerUnavailableError(ChatterError):
    """No connection to RabbitMQ within the deadline."""


class BrokerRefusedError(BrokerUnavailableError):
    """RabbitMQ closed the channel: a permission, a queue or an argument is not as it should be."""


class DirectoryUnavailableError(ChatterError):
    """The queue-manager does not answer."""


class ManagementError(ChatterError):
    """RabbitMQ's management API does not answer, or refuses.

    Args:
        message: a sentence for people.
        kind: one of few words, such as ``timeout``; it becomes a metric label.
    """

    def __init__(self, message: str, kind: str = "unreachable") -> None:
        super().__init__(message)
        self.kind = kind


class DialectError(ChatterError):
    """A dialect cannot be used: a file, a key, a model or a library is missing or wrong."""


class UnknownDialectError(DialectError):
    """No installed dialect has that name."""


class OptionError(DialectError, ValueError):
    """A value that somebody chose for a dialect or a population is wrong, or its name is."""


class ModelError(DialectError):
    """A language model gave no answer.

    Args:
        message: a sentence for people, without any key.
        kind: one of few words, such as ``timeout`` or ``429``; it becomes a metric label.
    """

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class TelemetryError(ChatterError):
    """The instrumentation did not take hold: traces would silently be missing."""


class IncidentError(ChatterError):
    """An incident does not exist, is described wrongly, or cannot be started or stopped like this."""


class AddressError(ChatterError):
    """A component cannot listen where it was told to."""


class UpError(ChatterError):
    """A local process could not be started."""


class RecordingError(ChatterError):
    """A recording is missing, damaged, or could not be made."""


class ExerciseError(ChatterError):
    """An exercise cannot be shown, checked or reset; nothing was overwritten."""


class ToolError(ExerciseError):
    """Promtool or amtool is missing, ran too long or took too much memory."""
