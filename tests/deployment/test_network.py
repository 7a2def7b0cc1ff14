import pytest
import yaml

from deployment.manifests import OF_OPERATORS, OVERLAYS, ROOT, Object, app_of, name_of, rendered

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


def opens(policies: list[Object], way: str) -> set[tuple[str, str, int]]:
    """Return who may speak with whom on which port, as one side of the policies says it."""
    peer = {"egress": "to", "ingress": "from"}[way]
    found = set()
    for policy in policies:
        one = app_of(policy["spec"]["podSelector"].get("matchLabels", {"app.kubernetes.io/name": ""}))
        for rule in policy["spec"].get(way, []):
            for other in rule.get(peer, []):
                if "podSelector" in other:
                    name = app_of(other["podSelector"]["matchLabels"])
                    pair = (one, name) if way == "egress" else (name, one)
                    found |= {(*pair, port["port"]) for port in rule["ports"]}
    return found


@each_overlay
def test_network_is_closed_but_for_what_is_needed(overlay: str) -> None:
    """Both sides of every way agree, whose end listens there; bots reach three others and nothing else."""
    made = rendered(overlay)
    policies = made.of("NetworkPolicy")
    (nobody,) = [policy["spec"] for policy in policies if name_of(policy) == "nobody"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    ways = opens(policies, "egress")
    assert ways == opens(policies, "ingress")
    assert {way[1:] for way in ways if way[0] == "bots"} == {
        ("rabbitmq", 5672),
        ("queue-manager", 8081),
        ("otel-collector", 4318),
    }
    for _, name, port in ways:
        if overlay != "operators" or name not in OF_OPERATORS:
            listening = made.pods[name]["spec"]["containers"][0]["ports"]
            assert port in {one["containerPort"] for one in listening}, (name, port)


def test_prometheus_may_reach_all_that_it_scrapes() -> None:
    """Each address that Prometheus' configuration names is one that the network lets pass."""
    config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text("utf-8"))
    ways = opens(rendered("kind").of("NetworkPolicy"), "egress")
    named = [
        t for job in config["scrape_configs"] for g in job.get("static_configs", []) for t in g["targets"]
    ]
    reached = {f"{name}:{port}" for one, name, port in ways if one == "prometheus"} | {"prometheus:9090"}
    assert {*named, "rabbitmq:15692", "queue-manager:8081", "alertmanager:9093"} <= reached
