# ruff: noqa: S607 - a script, which starts the `go` of whoever runs it
"""Fetch the schemas in this folder anew, from the Go modules of three operators: ``python fetch.py``.

The Prometheus Operator's module of types has no CRDs, so they are made of the types as that project makes
them, with controller-gen. Needs Go 1.26. Descriptions are left out: they are nine tenths of the text.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
RABBITMQ = "github.com/rabbitmq/cluster-operator/v2@v2.16.0"
KEDA = "github.com/kedacore/keda/v2@v2.21.0"
PROMETHEUS = "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring"
PROMETHEUS_VERSION = "v0.95.2"
CONTROLLER_GEN = "sigs.k8s.io/controller-tools/cmd/controller-gen"
CONTROLLER_GEN_VERSION = "v0.20.0"

SHIPPED = {
    RABBITMQ: "config/crd/bases/rabbitmq.com_rabbitmqclusters.yaml",
    KEDA: "config/crd/bases/keda.sh_scaledobjects.yaml",
}
MADE = ("prometheuses", "podmonitors", "prometheusrules")


def main() -> None:
    """Write one file for each kind."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "go.mod").write_text("module fetch\n\ngo 1.26\n")
        for module, crd in SHIPPED.items():
            keep(Path(json.loads(go(folder, "mod", "download", "-json", module))["Dir"]) / crd)
        go(folder, "get", f"{PROMETHEUS}@{PROMETHEUS_VERSION}", f"{CONTROLLER_GEN}@{CONTROLLER_GEN_VERSION}")
        go(folder, "run", CONTROLLER_GEN, "crd", f"paths={PROMETHEUS}/v1", "output:crd:dir=made")
        for plural in MADE:
            keep(folder / "made" / f"monitoring.coreos.com_{plural}.yaml")


def go(folder: Path, *arguments: str) -> str:
    """Return what ``go`` prints, run in ``folder``."""
    return subprocess.run(
        ["go", *arguments], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def keep(crd: Path) -> None:
    """Write the newest schema that the file ``crd`` has."""
    spec = yaml.safe_load(crd.read_text("utf-8"))["spec"]
    (version,) = [one for one in spec["versions"] if one["storage"]]
    schema = without_descriptions(version["schema"]["openAPIV3Schema"])
    file = HERE / f"{spec['group']}_{version['name']}_{spec['names']['kind']}.json"
    file.write_text(json.dumps(schema, separators=(",", ":")) + "\n", "utf-8")


def without_descriptions(schema: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return ``schema`` without the texts; a property that is called ``description`` stays."""
    if isinstance(schema, list):
        return [without_descriptions(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: without_descriptions(value)
        for key, value in schema.items()
        if not (key == "description" and isinstance(value, str))
    }


if __name__ == "__main__":
    main()
