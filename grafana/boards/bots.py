"""Who is talking, how much, and which dialect holds the others up?"""

from boards import scaling
from boards.panels import WINDOW, Board, Kind, Limits, Panel, Query, Row, Unit, Variable, quantiles

_DIALECT = 'component="bots", dialect=~"$dialect"'

POPULATION = Row(
    "Who is here?",
    (
        Panel(
            "Bots, by dialect",
            "A flat line for each dialect, together as many as were asked for.",
            Unit.COUNT,
            (
                Query('sum by (dialect) (chatter_bots{dialect=~"$dialect"})', "{{dialect}}"),
                Query("sum(chatter_bots_expected)", "asked for"),
            ),
        ),
        Panel(
            "Conversations that bots take part in",
            "It settles soon after the start: each conversation counts twice, once for each side.",
            Unit.COUNT,
            (Query("sum(chatter_conversations_open)", "open"),),
            next="chatter-queues",
        ),
        Panel(
            "How do conversations end?",
            "`finished` at their turn limit. `left` and `abandoned` mean a partner went away or fell silent; "
            "`failed` is a dialect that broke.",
            Unit.PER_SECOND,
            (
                Query(
                    f"sum by (outcome) (rate(chatter_conversations_ended_total[{WINDOW}]))",
                    "{{outcome}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Do they say what they should?",
            "Near 100 %, whatever the number of bots and their tempo. It falls when anything holds "
            "bots up, and "
            "that makes it the best single sign of trouble.",
            Unit.SHARE,
            (
                Query(
                    'sum(rate(messaging_client_sent_messages_total{component="bots", error_type="", '
                    f'messaging_destination_template=~"dm|tweet"}}[{WINDOW}]))'
                    " / sum(chatter_publish_rate_expected)",
                    "said, of what is expected",
                ),
            ),
            limits=Limits(0.7, 0.4, fewer_is_worse=True),
            next="chatter-slo",
        ),
    ),
)

DIALECTS = Row(
    "Which dialect is slow?",
    (
        Panel(
            "Time to find words, 95 %",
            "Under a millisecond for a random text, seconds for a language model. A dot is one text: "
            "click it to "
            "see its trace.",
            Unit.SECONDS,
            quantiles("chatter_compose_duration_seconds", by="dialect", where=_DIALECT),
            limits=Limits(5, 30),
        ),
        Panel(
            "Time from delivery to acknowledgement, 95 %",
            "Some seconds, as bots read and type like people. A dialect above the others holds its "
            "partners up.",
            Unit.SECONDS,
            quantiles("messaging_process_duration_seconds", by="dialect", where=_DIALECT),
            limits=Limits(30, 60),
            next="chatter-queues",
        ),
        Panel(
            "How long do messages take to be handled?",
            "Two bands: tweets are glanced at, direct messages are read and answered. A third band is news.",
            Unit.SECONDS,
            (
                Query(
                    f"sum by (le) (rate(messaging_process_duration_seconds_bucket{{{_DIALECT}}}[{WINDOW}]))",
                    "{{le}}",
                    exemplars=True,
                ),
            ),
            Kind.HEATMAP,
        ),
        Panel(
            "Characters said per second",
            "Steady. A dialect that says nothing, or far too much, stands out here.",
            Unit.PER_SECOND,
            (
                Query(
                    "sum by (dialect) (rate(chatter_composed_characters_total"
                    f'{{dialect=~"$dialect"}}[{WINDOW}]))',
                    "{{dialect}}",
                ),
            ),
            stacked=True,
        ),
    ),
)

_MODEL_CALLS = "gen_ai_client_operation_duration_seconds_count"

MODELS = Row(
    "What do language models do, and cost?",
    (
        Panel(
            "Time for an answer of a model, 95 %",
            "No data without a language model. Seconds, retries included; half a minute is the deadline. "
            "A dot is one call: click it to see its trace.",
            Unit.SECONDS,
            quantiles("gen_ai_client_operation_duration_seconds", by="gen_ai_request_model"),
            limits=Limits(10, 25),
        ),
        Panel(
            "Calls of models that failed",
            "No data while none failed. `429` is an endpoint that is asked too often, `timeout` one that is "
            "overloaded, `connection` one that is not there, `401` a wrong key.",
            Unit.PER_SECOND,
            (
                Query(
                    "sum by (gen_ai_request_model, error_type) "
                    f'(rate({_MODEL_CALLS}{{error_type!=""}}[{WINDOW}]))',
                    "{{gen_ai_request_model}}: {{error_type}}",
                ),
            ),
            limits=Limits(0.01, 0.2),
        ),
        Panel(
            "Tokens per second",
            "Input is larger than output: each call repeats the conversation. It grows with the bots.",
            Unit.PER_SECOND,
            (
                Query(
                    "sum by (gen_ai_request_model, gen_ai_token_type) "
                    f"(rate(gen_ai_client_token_usage_sum[{WINDOW}]))",
                    "{{gen_ai_request_model}}: {{gen_ai_token_type}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Cost per hour, at this rate",
            "In the currency of the prices that the dialect was given; zero without prices.",
            Unit.COUNT,
            (
                Query(
                    "sum by (dialect) (rate(chatter_model_cost_total"
                    f'{{dialect=~"$dialect"}}[{WINDOW}])) * 3600',
                    "{{dialect}}",
                ),
            ),
        ),
        Panel(
            "Budget of the last hour that is used",
            "Rises for an hour and stays below 80 %. At 100 % another dialect answers until that has passed.",
            Unit.SHARE,
            (
                Query(
                    'max by (dialect, budget) (chatter_model_budget_used_ratio{dialect=~"$dialect"})',
                    "{{dialect}}: {{budget}}",
                ),
            ),
            limits=Limits(0.8, 1),
        ),
        Panel(
            "Texts that another dialect composed",
            "Zero. Otherwise the line says why: the model failed, its endpoint is left alone for a while, or "
            "the budget is spent. The chat goes on all the same.",
            Unit.PER_SECOND,
            (
                Query(
                    "sum by (dialect, reason) (rate(chatter_compose_fallbacks_total"
                    f'{{dialect=~"$dialect"}}[{WINDOW}]))',
                    "{{dialect}}: {{reason}}",
                ),
            ),
            limits=Limits(0.01, 0.2),
            stacked=True,
        ),
    ),
)

TROUBLE = Row(
    "What went wrong?",
    (
        Panel(
            "Dialects that failed",
            "No data: a dialect that never failed has no line. The line says which dialect, and how.",
            Unit.PER_SECOND,
            (
                Query(
                    "sum by (dialect, error_type) (rate(chatter_compose_failures_total"
                    f'{{dialect=~"$dialect"}}[{WINDOW}]))',
                    "{{dialect}}: {{error_type}}",
                ),
            ),
            limits=Limits(0.01, 0.2),
        ),
        Panel(
            "Names refused, and a directory that did not answer",
            "Zero, apart from a name or two at the start. The queue-manager is the directory: "
            "without it, bots "
            "talk on, but find nobody new.",
            Unit.PER_SECOND,
            (
                Query(f"sum(rate(chatter_names_taken_total[{WINDOW}]))", "names taken"),
                Query(f"sum(rate(chatter_directory_failures_total[{WINDOW}]))", "no answer"),
            ),
            limits=Limits(0.1, 1),
            next="chatter-telemetry",
        ),
    ),
)

BOARD = Board(
    uid="chatter-bots",
    title="Chatter / Bots & dialects",
    about="Who is talking, how much, and which dialect holds the others up?",
    rows=(POPULATION, scaling.ROW, DIALECTS, MODELS, TROUBLE),
    variables=(Variable("dialect", "Dialect", values_of="label_values(chatter_bots, dialect)"),),
)
