"""Are there enough processes of bots? What the autoscaler sees, and what it makes of it."""

from boards.panels import Limits, Panel, Query, Row, Unit
from rabbit_chatter.autoscale.policy import DEPTH_QUERY, FLOW_QUERY, WAIT_QUERY

_QUARTER = 6

ROW = Row(
    "Are there enough processes?",
    (
        Panel(
            "Depth, as the autoscaler sees it",
            "Near zero: what waits in all queues that bots read. More than 50 for each process asks for "
            "another process.",
            Unit.COUNT,
            (Query(DEPTH_QUERY, "messages that wait"),),
            width=_QUARTER,
            next="chatter-queues",
        ),
        Panel(
            "Wait of 19 in 20, as the autoscaler sees it",
            "Milliseconds. Above one second it asks for as many times more processes as it is seconds.",
            Unit.SECONDS,
            (Query(WAIT_QUERY, "95 %", exemplars=True),),
            width=_QUARTER,
            limits=Limits(0.5, 1),
            next="chatter-slo",
        ),
        Panel(
            "Flow, as the autoscaler sees it",
            "It follows what is said. It alone tells enough processes from too many: nothing waits with "
            "either.",
            Unit.MESSAGES_PER_SECOND,
            (Query(FLOW_QUERY, "handled"),),
            width=_QUARTER,
        ),
        Panel(
            "Processes of bots: wanted and actual",
            "`wanted` follows `asked` in small steps, up at once and down after a while; `actual` follows "
            "`wanted`. A saw is flapping. Only `actual` where no `rabbit-chatter autoscale` runs.",
            Unit.COUNT,
            (
                Query("max(chatter_autoscaler_processes_asked)", "asked"),
                Query("max(chatter_autoscaler_processes_wanted)", "wanted"),
                Query('count(up{job="chatter", component="bots"} == 1)', "actual"),
            ),
            width=_QUARTER,
        ),
    ),
)
