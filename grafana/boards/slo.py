"""Do we keep what we promised, and how fast do we use up what we may fail?"""

from boards.panels import WINDOW, Board, Kind, Limits, Panel, Query, Row, Unit

_SENT = "messaging_client_sent_messages_total"
_WAIT = "chatter_queue_wait_seconds"


def _late(window: str) -> str:
    """Return the share of messages that waited longer than 1 s, which is one of the histogram's bounds."""
    where = 'component="bots"'
    return (
        f'(1 - sum(rate({_WAIT}_bucket{{{where}, le="1.0"}}[{window}]))'
        f" / sum(rate({_WAIT}_count{{{where}}}[{window}])))"
    )


def _unsent(window: str) -> str:
    return f'(sum(rate({_SENT}{{error_type!=""}}[{window}])) / sum(rate({_SENT}[{window}])))'


def _traceless(window: str) -> str:
    return (
        f"(sum(rate(chatter_messages_without_trace_context_total[{window}]))"
        f" / sum(rate(messaging_client_consumed_messages_total[{window}])))"
    )


def _kept(title: str, see: str, failed: str, allowed: float) -> Panel:
    return Panel(
        title,
        see,
        Unit.SHARE,
        (Query(f"1 - {failed}"),),
        Kind.STAT,
        width=8,
        limits=Limits(1 - allowed / 2, 1 - allowed, fewer_is_worse=True),
    )


def _burn(title: str, see: str, failed: tuple[str, str], allowed: float, next_board: str) -> Panel:
    return Panel(
        title,
        see,
        Unit.COUNT,
        tuple(
            Query(f"{share} / {allowed}", f"over {window}")
            for share, window in zip(failed, (WINDOW, "5m"), strict=True)
        ),
        limits=Limits(1, 6),
        next=next_board,
    )


KEPT = Row(
    "What we promised, over the time shown above",
    (
        _kept(
            "Messages read within 1 s (promised: 99 %)",
            "Above 99 %. Change the time range: over an hour it forgives what over five minutes it does not.",
            _late("$__range"),
            0.01,
        ),
        _kept(
            "Publishes confirmed (promised: 99.9 %)",
            "Above 99.9 %. An unroutable message counts: somebody said it and nobody can hear it.",
            _unsent("$__range"),
            0.001,
        ),
        _kept(
            "Deliveries that continue a trace (promised: 99.9 %)",
            "Above 99.9 %. Below, traces in Jaeger are in pieces.",
            _traceless("$__range"),
            0.001,
        ),
    ),
)

BURN = Row(
    "How fast is the allowance used up?",
    (
        _burn(
            "Burn rate: messages read too late",
            "Below 1 the promise is kept. At 6 an hour's allowance is gone in ten minutes; the alert "
            "wants both "
            "windows above it, so that neither a moment nor the past wakes anybody.",
            (_late(WINDOW), _late("5m")),
            0.01,
            "chatter-queues",
        ),
        _burn(
            "Burn rate: publishes that failed",
            "Below 1. It jumps when the broker is away: its share of failures is then all there is.",
            (_unsent(WINDOW), _unsent("5m")),
            0.001,
            "chatter-broker",
        ),
        Panel(
            "Allowance of late messages left",
            "100 % is untouched, 0 % used up, and below that the promise is broken for the time range above.",
            Unit.SHARE,
            (Query(f"1 - {_late('$__range')} / 0.01", "left"),),
            limits=Limits(0.5, 0, fewer_is_worse=True),
            next="chatter-queues",
        ),
        Panel(
            "Is anything promised at all right now?",
            "Messages per second that the shares above are made of. At zero they are undefined and "
            "stay silent, "
            "whatever is broken: silence needs an alert of its own.",
            Unit.MESSAGES_PER_SECOND,
            (
                Query(f'sum(rate({_WAIT}_count{{component="bots"}}[{WINDOW}]))', "read"),
                Query(f"sum(rate({_SENT}[{WINDOW}]))", "published"),
            ),
            next="chatter-overview",
        ),
    ),
)

BOARD = Board(
    uid="chatter-slo",
    title="Chatter / SLO",
    about="Do we keep what we promised, and how fast do we use up what we may fail?",
    rows=(KEPT, BURN),
)
