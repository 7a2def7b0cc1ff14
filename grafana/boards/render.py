"""From a board to the JSON that Grafana loads, through Grafana's own Foundation SDK."""

import json
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from boards.panels import Board, Kind, Limits, Panel, Query, Variable

PROMETHEUS = models.DataSourceRef("prometheus", "prometheus")
_GRAFANA = models.DataSourceRef("grafana", "-- Grafana --")
_TAG = "rabbit-chatter"
_HEIGHTS = {Kind.STAT: 4, Kind.GRAPH: 8, Kind.HEATMAP: 9, Kind.TABLE: 9}

type_of_builder = timeseries.Panel | heatmap.Panel | stat.Panel | table.Panel


def render(board: Board) -> str:
    """Return the JSON of a board, the same for the same board."""
    built = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.about)
        .tags([_TAG])
        .timezone("browser")
        .time("now-15m", "now")
        .refresh("5s")
        .timepicker(dashboard.TimePicker().refresh_intervals(["5s", "10s", "30s", "1m"]))
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(_other_boards())
        .annotations([_alerts(), _tagged("Incidents", "incident"), _tagged("Scaling", "scaling")])
        .variables([_variable(variable) for variable in board.variables])
    )
    for row in board.rows:
        built.with_row(dashboard.Row(row.title))
        for panel in row.panels:
            built.with_panel(_panel(panel))
    return json.dumps(_numbered(json.loads(JSONEncoder().encode(built.build()))), indent=2) + "\n"


def _numbered(board: dict[str, Any]) -> dict[str, Any]:
    """Give each panel an id, and the alerts' annotation its texts, for which the SDK has no word."""
    for number, panel in enumerate(board["panels"], 1):
        panel["id"] = number
    for annotation in board["annotations"]["list"]:
        if "expr" in annotation:
            annotation |= {"titleFormat": "{{alertname}}", "tagKeys": "severity", "step": "5s"}
    return board


def _panel(panel: Panel) -> type_of_builder:
    built = _kind_of(panel)
    built.title(panel.title).description(panel.see).datasource(PROMETHEUS).unit(panel.unit)
    built.span(panel.width).height(_HEIGHTS[panel.kind]).interval("5s").no_value("no data")
    built.targets([_query(query, panel.kind, "ABCDEFGH"[at]) for at, query in enumerate(panel.queries)])
    if panel.limits:
        built.thresholds(_thresholds(panel.limits))
        if panel.kind is Kind.STAT:
            built.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    if panel.next:
        built.links([_next(panel.next)])
    return built


def _kind_of(panel: Panel) -> type_of_builder:
    match panel.kind:
        case Kind.STAT:
            last = common.ReduceDataOptions().calcs(["lastNotNull"])
            return stat.Panel().reduce_options(last).graph_mode(shapes.BigValueGraphMode.AREA)
        case Kind.TABLE:
            return table.Panel()
        case Kind.HEATMAP:
            return heatmap.Panel().calculate(calculate=False).show_y_histogram().color(
                heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64)
            ).y_axis(heatmap.YAxisConfig().unit(panel.unit))  # fmt: skip
        case Kind.GRAPH:
            return _graph(panel)


def _graph(panel: Panel) -> timeseries.Panel:
    built = timeseries.Panel().line_width(1).fill_opacity(30 if panel.stacked else 8).min(0)
    built.legend(common.VizLegendOptions().show_legend(show_legend=True).calcs(["lastNotNull", "max"]))
    built.tooltip(common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI))
    if panel.stacked:
        built.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL))
    if panel.limits:
        dashed = common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.DASHED)
        built.thresholds_style(dashed)
    return built


def _query(query: Query, kind: Kind, ref_id: str) -> prometheus.Dataquery:
    built = prometheus.Dataquery().expr(query.expr).ref_id(ref_id).datasource(PROMETHEUS)
    built.legend_format(query.legend or "__auto").exemplar(query.exemplars)
    if kind is Kind.TABLE:
        return built.instant().format(PromQueryFormat.TABLE)
    return built.range().format(
        PromQueryFormat.HEATMAP if kind is Kind.HEATMAP else PromQueryFormat.TIME_SERIES
    )


def _thresholds(limits: Limits) -> dashboard.ThresholdsConfig:
    steps = [(None, "green"), (limits.warn, "yellow"), (limits.bad, "red")]
    if limits.fewer_is_worse:
        steps = [(None, "red"), (limits.bad, "yellow"), (limits.warn, "green")]
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=color) for value, color in steps])
    )


def _next(uid: str) -> dashboard.DashboardLink:
    name = uid.removeprefix("chatter-")
    return dashboard.DashboardLink(f"Next: {name}").type(models.DashboardLinkType.LINK).url(
        f"/d/{uid}?${{__url_time_range}}"
    )  # fmt: skip


def _other_boards() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Dashboards").type(models.DashboardLinkType.DASHBOARDS)
    return link.tags([_TAG]).as_dropdown(as_dropdown=True).keep_time(keep_time=True)


def _alerts() -> dashboard.AnnotationQuery:
    return (
        dashboard.AnnotationQuery()
        .name("Alerts")
        .datasource(PROMETHEUS)
        .enable(enable=True)
        .icon_color("red")
        .expr('ALERTS{alertstate="firing", severity!="none"}')
    )


def _tagged(name: str, tag: str) -> dashboard.AnnotationQuery:
    target = dashboard.AnnotationTarget().type("tags").tags([tag]).limit(100)
    return (
        dashboard.AnnotationQuery()
        .name(name)
        .datasource(_GRAFANA)
        .enable(enable=True)
        .icon_color("purple")
        .target(target.match_any(match_any=True))
    )


def _variable(variable: Variable) -> Any:  # noqa: ANN401 - one of three unrelated builders
    if variable.typed:
        typed = dashboard.TextBoxVariable(variable.name).label(variable.label)
        return typed.default_value(variable.choices[0])
    if variable.values_of:
        found = dashboard.QueryVariable(variable.name).label(variable.label).datasource(PROMETHEUS)
        found.query(variable.values_of).refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        return found.multi(multi=True).include_all(include_all=True).all_value(".*").current(
            models.VariableOption(text="All", value="$__all", selected=True)
        )  # fmt: skip
    first = models.VariableOption(text=variable.choices[0], value=variable.choices[0], selected=True)
    chosen = dashboard.CustomVariable(variable.name).label(variable.label)
    return chosen.values(",".join(variable.choices)).current(first)
