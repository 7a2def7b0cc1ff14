"""Can we trust what we see? The monitoring, monitored."""

from boards.panels import WINDOW, Board, Limits, Panel, Query, Row, Unit

TARGETS = Row(
    "Is everything watched?",
    (
        Panel(
            "Who answers Prometheus?",
            "Every line at 1. A line at 0 is a program that is gone, or too busy to answer within "
            "four seconds.",
            Unit.COUNT,
            (Query("min by (job, component, instance) (up)", "{{job}} {{component}} {{instance}}"),),
            limits=Limits(1, 1, fewer_is_worse=True),
        ),
        Panel(
            "How long does a scrape take?",
            "Milliseconds. RabbitMQ's detailed endpoint is the slowest, and grows with the number of queues.",
            Unit.SECONDS,
            (
                Query(
                    "max by (job, component, instance) (scrape_duration_seconds)",
                    "{{job}} {{component}} {{instance}}",
                ),
            ),
            limits=Limits(1, 4),
        ),
        Panel(
            "How many series does each target have?",
            "Flat lines, apart from RabbitMQ's, which follows its queues. One of ours that climbs "
            "has a label "
            "with too many values.",
            Unit.COUNT,
            (
                Query(
                    "max by (job, component, instance) (scrape_samples_post_metric_relabeling)",
                    "{{job}} {{component}} {{instance}}",
                ),
            ),
            limits=Limits(5000, 20000),
            next="chatter-queues",
        ),
        Panel(
            "Can Prometheus find its targets?",
            "Flat at zero, apart from the first seconds: it asks the queue-manager, which starts after it.",
            Unit.PER_SECOND,
            (Query(f"sum(rate(prometheus_sd_http_failures_total[{WINDOW}]))", "failed look-ups"),),
            limits=Limits(0.01, 0.1),
        ),
    ),
)

STORE = Row(
    "What is kept?",
    (
        Panel(
            "Series in memory",
            "Below 15,000 with forty bots. This is what a Prometheus costs, in memory and in money.",
            Unit.COUNT,
            (Query("max(prometheus_tsdb_head_series)", "series"),),
            limits=Limits(15000, 30000),
        ),
        Panel(
            "Samples stored per second",
            "Series divided by the scrape interval of five seconds.",
            Unit.PER_SECOND,
            (Query(f"sum(rate(prometheus_tsdb_head_samples_appended_total[{WINDOW}]))", "samples"),),
        ),
        Panel(
            "Exemplars: messages with a trace to click on",
            "It grows up to the storage's limit. Flat at zero: exemplar storage is off, or traces "
            "are not sampled.",
            Unit.COUNT,
            (Query("max(prometheus_tsdb_exemplar_exemplars_in_storage)", "exemplars"),),
        ),
        Panel(
            "What does it cost our programs?",
            "The bots use most. Telemetry is part of this number: compare it with sampling at 1 %.",
            Unit.SHARE,
            (
                Query(
                    f'sum by (component) (rate(process_cpu_seconds_total{{job="chatter"}}[{WINDOW}]))',
                    "CPU {{component}}",
                ),
            ),
            limits=Limits(0.7, 0.95),
            next="chatter-bots",
        ),
    ),
)

TRACES = Row(
    "Are traces whole, are clocks right, do alerts arrive?",
    (
        Panel(
            "Spans sent",
            "As steady as the chat, at some spans per message. Zero while bots talk: nothing is "
            "sampled, or no "
            "receiver was named.",
            Unit.PER_SECOND,
            (
                Query(
                    f'sum by (component) (rate(chatter_spans_exported_total{{error_type=""}}[{WINDOW}]))',
                    "{{component}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Spans lost",
            "Flat at zero. The receiver was away or refused them, and nobody sends them again: "
            "traces have holes.",
            Unit.PER_SECOND,
            (
                Query(
                    f'sum by (component) (rate(chatter_spans_exported_total{{error_type!=""}}[{WINDOW}]))',
                    "{{component}}",
                ),
            ),
            limits=Limits(0.1, 10),
        ),
        Panel(
            "Messages without a usable trace context",
            "Flat at zero. Such a message begins a new trace, and its conversation falls into pieces "
            "in Jaeger.",
            Unit.MESSAGES_PER_SECOND,
            (
                Query(
                    f"sum by (problem) (rate(chatter_messages_without_trace_context_total[{WINDOW}]))",
                    "{{problem}}",
                ),
            ),
            limits=Limits(0.05, 1),
        ),
        Panel(
            "Messages from the future",
            "Flat at zero. Otherwise the clocks of two machines disagree, and every waiting time is wrong.",
            Unit.MESSAGES_PER_SECOND,
            (Query(f"sum(rate(chatter_messages_negative_wait_total[{WINDOW}]))", "negative waits"),),
            limits=Limits(0.05, 1),
            next="chatter-slo",
        ),
        Panel(
            "Alerts that reached Alertmanager",
            "A steady trickle: Watchdog is sent again and again. Silence means that no alert would arrive.",
            Unit.PER_SECOND,
            (Query(f"sum by (status) (rate(alertmanager_alerts_received_total[{WINDOW}]))", "{{status}}"),),
            next="chatter-overview",
        ),
        Panel(
            "How long do the rules take?",
            "Milliseconds. When a group takes as long as its interval of five seconds, alerts come late.",
            Unit.SECONDS,
            (
                Query(
                    "max by (rule_group) (label_replace(prometheus_rule_group_last_duration_seconds, "
                    '"rule_group", "$1", "rule_group", ".*;(.*)"))',
                    "{{rule_group}}",
                ),
            ),
            limits=Limits(1, 5),
        ),
        Panel(
            "Rules that fail",
            "Flat at zero. A rule that fails is an alert that cannot fire.",
            Unit.PER_SECOND,
            (Query(f"sum(rate(prometheus_rule_evaluation_failures_total[{WINDOW}]))", "failures"),),
            limits=Limits(0.01, 0.1),
        ),
        Panel(
            "Alerts that reached nobody",
            "Flat at zero. Alertmanager could not hand them on.",
            Unit.PER_SECOND,
            (
                Query(
                    "sum by (integration) (rate(alertmanager_notifications_failed_total"
                    f'{{integration="webhook"}}[{WINDOW}]))',
                    "{{integration}}",
                ),
            ),
            limits=Limits(0.01, 0.1),
        ),
    ),
)

BOARD = Board(
    uid="chatter-telemetry",
    title="Chatter / Telemetry itself",
    about="Can we trust what we see? Scrapes, series, traces and alerts, watched by themselves.",
    rows=(TARGETS, STORE, TRACES),
)
