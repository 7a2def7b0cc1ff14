from deployment.manifests import rendered
from rabbit_chatter.autoscale.policy import DEPTH_QUERY, FLOW_QUERY, WAIT_QUERY, Pace, Policy


def pace(rules: dict[str, object]) -> Pace:
    """Return the pace that a HorizontalPodAutoscaler's rules for one direction describe."""
    (one,) = rules["policies"] if isinstance(rules["policies"], list) else []
    hold = rules["stabilizationWindowSeconds"]
    assert one["type"] == "Pods"
    assert isinstance(hold, int)
    return Pace(one["value"], one["periodSeconds"], hold)


def test_keda_decides_as_we_do() -> None:
    """The ScaledObject has the numbers, the pace and the questions to Prometheus of our own policy."""
    spec = rendered("operators").one("ScaledObject", "bots")["spec"]
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    asked = {
        one["metadata"]["query"]: (one["metricType"], float(one["metadata"]["threshold"]))
        for one in spec["triggers"]
    }
    policy = Policy()
    assert asked == {
        DEPTH_QUERY: ("AverageValue", policy.depth),
        WAIT_QUERY: ("Value", policy.wait),
        FLOW_QUERY: ("AverageValue", policy.flow),
    }
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (policy.least, policy.most)
    assert (pace(behavior["scaleUp"]), pace(behavior["scaleDown"])) == (policy.up, policy.down)
    assert all(
        one["metadata"]["serverAddress"] == "http://prometheus.chatter.svc:9090" for one in spec["triggers"]
    )


def test_nobody_else_sets_the_number() -> None:
    """Where KEDA decides, applying the manifests again does not set the number of pods back."""
    assert "replicas" not in rendered("operators").one("Deployment", "bots")["spec"]
