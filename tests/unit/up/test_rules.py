import yaml

from rabbit_chatter.up.files import shipped
from rabbit_chatter.up.monitoring import alertmanager_config, prometheus_config, rules
from rabbit_chatter.up.options import Ports

PORTS = Ports(page=1, alertmanager=5)


def test_local_rules_are_the_shipped_ones() -> None:
    """Groups, expressions and labels are compose's; runbooks are where the page is, Grafana is not named."""
    for name, text in rules(PORTS).items():
        made, source = yaml.safe_load(text), yaml.safe_load(shipped(f"prometheus/rules/{name}").read_text())
        for after, before in zip(made["groups"], source["groups"], strict=True):
            for rule, original in zip(after["rules"], before["rules"], strict=True):
                assert rule["expr"] == original["expr"]
                assert rule.get("labels") == original.get("labels")
                if "alert" in rule:
                    assert (
                        rule["annotations"]["runbook_url"] == f"http://127.0.0.1:1/runbooks/{rule['alert']}"
                    )
        assert ":3000" not in text


def test_rules_are_found_and_alerts_come_to_the_local_chat() -> None:
    """Prometheus reads rules beside its configuration, and Alertmanager posts to the local chat server."""
    assert yaml.safe_load(prometheus_config(PORTS, alertmanager=True))["rule_files"] == ["rules/*.yml"]
    [chat, _] = yaml.safe_load(alertmanager_config(PORTS))["receivers"]
    assert chat["webhook_configs"][0]["url"] == "http://127.0.0.1:1/alerts"
