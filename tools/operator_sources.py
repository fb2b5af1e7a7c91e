"""Where each operator's source code states its default images, and how to read them from one released version."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Values = dict[str, str]


@dataclass(frozen=True)
class Source:
    """One released version, with its files by path."""

    version: str
    text: Callable[[str], str]


@dataclass(frozen=True)
class Operator:
    """The source files of an operator's defaults, and how to read them. `since`: the oldest version to read."""

    name: str
    repository: str
    since: tuple[int, int, int]
    paths: str
    read: Callable[[Source], Values]
    prefix: str = ""


class Unread(Exception):
    """Raised if a source does not have the expected form."""


def found(pattern: str, text: str) -> str:
    """Return the first group of the first match."""
    match = re.search(pattern, text)
    if match is None:
        raise Unread(pattern)
    return match[1]


def optional(pattern: str, text: str) -> str:
    """Return the first group of the first match, or an empty value for a version without the image."""
    match = re.search(pattern, text)
    return match[1] if match else ""


def prometheus(source: Source) -> Values:
    """The defaults of prometheus-operator."""
    text = source.text("pkg/operator/defaults.go")
    matrix = found(r"PrometheusCompatibilityMatrix\s*= \[\]string\{([^}]*)\}", text)
    found(r"DefaultPrometheusVersion\s*= (PrometheusCompatibilityMatrix\[len\(PrometheusCompatibilityMatrix\)-1\])", text)
    for base in ("quay.io/prometheus/prometheus", "quay.io/prometheus/alertmanager", "quay.io/thanos/thanos"):
        found(f'BaseImage\\s*= "({base})"', text)
    reloader = found(r'DefaultPrometheusConfigReloaderImage\s*= "([^"]+:v)" \+ version.Version', text)
    return {
        "prometheus": re.findall(r'"(v[^"]+)"', re.sub(r"//[^\n]*", "", matrix))[-1],
        "alertmanager": found(r'DefaultAlertmanagerVersion\s*= "([^"]+)"', text),
        "thanos": found(r'DefaultThanosVersion\s*= "([^"]+)"', text),
        "reloader": reloader + source.version.lstrip("v"),
    }


def tigera(source: Source) -> Values:
    """The images of Calico: their tag, by the name of the image; and the registry, which changed between two patch releases."""
    text = source.text("pkg/components/calico.go")
    values = {"registry": found(r'CalicoRegistry\s*= "([a-z.]+)/"', source.text("pkg/components/images.go"))}
    for name, image in _CALICO.items():
        match = re.search(
            rf'Component{name} = [Cc]omponent\{{\s*Version:\s+"([^"]+)",\s*Image:\s+"(?:calico/)?([a-z0-9-]+)"', text
        )
        if match is None and image in _CALICO_ALWAYS:
            raise Unread(f"Component{name}")
        if match is not None and match[2] != image:
            raise Unread(f"{image}, but {match[2]}")
        values[image] = match[1] if match is not None else ""
    return values


_CALICO = {
    "CalicoCNI": "cni",
    "CalicoNode": "node",
    "CalicoTypha": "typha",
    "CalicoKubeControllers": "kube-controllers",
    "CalicoFlexVolume": "pod2daemon-flexvol",
    "CalicoCSI": "csi",
    "CalicoCSIRegistrar": "node-driver-registrar",
    "CalicoCSRInitContainer": "key-cert-provisioner",
    "CalicoAPIServer": "apiserver",
    "CalicoCNIWindows": "cni-windows",
    "CalicoNodeWindows": "node-windows",
    "CalicoGoldmane": "goldmane",
    "CalicoWhisker": "whisker",
    "CalicoWhiskerBackend": "whisker-backend",
    "CalicoGuardian": "guardian",
    "CalicoEnvoyGateway": "envoy-gateway",
    "CalicoEnvoyProxy": "envoy-proxy",
    "CalicoEnvoyRatelimit": "envoy-ratelimit",
    "CalicoWebhooks": "webhooks",
    "CalicoIstioPilot": "istio-pilot",
    "CalicoIstioInstallCNI": "istio-install-cni",
    "CalicoIstioZTunnel": "istio-ztunnel",
    "CalicoIstioProxyv2": "istio-proxyv2",
}
_CALICO_ALWAYS = ("cni", "node", "typha", "kube-controllers", "pod2daemon-flexvol", "csi", "node-driver-registrar", "apiserver")


def cloudnative_pg(source: Source) -> Values:
    """The default images of PostgreSQL and PgBouncer."""
    versions = source.text("pkg/versions/versions.go")
    found(r'DefaultOperatorImageName = "(ghcr.io/cloudnative-pg/cloudnative-pg):', versions)
    pooler = optional(r'DefaultPgbouncerImage\s*= "([^"]+)"', versions)
    return {
        "postgres": found(r'DefaultImageName = "([^"]+)"', versions),
        "pgbouncer": pooler or found(r'DefaultPgbouncerImage\s*= "([^"]+)"', source.text("pkg/specs/pgbouncer/deployments.go")),
    }


def minio(source: Source) -> Values:
    """The default images of a tenant."""
    constants = source.text("pkg/apis/minio.min.io/v2/constants.go")
    return {
        "minio": found(r'const DefaultMinIOImage = "([^"]+)"', constants),
        "kes": found(r'const DefaultKESImage = "([^"]+)"', constants),
        "sidecar": found(r'DefaultSidecarImage = "([^"]+)"', source.text("pkg/resources/statefulsets/minio-sidecar.go")),
    }


def opentelemetry(source: Source) -> Values:
    """The tags of collectors and of automatic instrumentation. The images are those of operator_programs.yaml."""
    versions = dict(re.findall(r"(?m)^([a-z-]+)=(\S+)$", source.text("versions.txt")))
    try:
        config = source.text("internal/config/config.go")
        found(r"(opentelemetry-collector:%s)", config)
    except Unread:
        config = source.text("main.go")
    values: Values = {}
    for setting, (image, component) in _TELEMETRY.items():
        found(f"({image}:%s)", config)
        if component not in versions:
            raise Unread(component)
        values[setting] = versions[component]
    return values


_TELEMETRY = {
    "collector": ("ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector", "opentelemetry-collector"),
    "target-allocator": ("ghcr.io/open-telemetry/opentelemetry-operator/target-allocator", "targetallocator"),
    "bridge": ("ghcr.io/open-telemetry/opentelemetry-operator/operator-opamp-bridge", "operator-opamp-bridge"),
    **{
        name: (f"ghcr.io/open-telemetry/opentelemetry-operator/autoinstrumentation-{name}", f"autoinstrumentation-{name}")
        for name in ("java", "nodejs", "python", "dotnet", "apache-httpd")
    },
    "go": ("ghcr.io/open-telemetry/opentelemetry-go-instrumentation/autoinstrumentation-go", "autoinstrumentation-go"),
    "nginx": ("ghcr.io/open-telemetry/opentelemetry-operator/autoinstrumentation-apache-httpd", "autoinstrumentation-nginx"),
}


def kubevirt(source: Source) -> Values:
    """Which feature gates that start further pods are on by default."""
    text = ""
    for path in ("active.go", "inactive.go"):
        text += source.text(f"pkg/virt-config/featuregate/{path}")
    is_beta_on = re.search(r"return fg.State == Beta", source.text("pkg/virt-config/featuregate/feature-gates.go")) is not None
    values: Values = {}
    for gate, name in (("VMExportGate", "export"), ("PersistentReservation", "reservation"), ("SidecarGate", "sidecar")):
        values[name] = _gate(found(rf"FeatureGate\{{Name: {gate}, State: (\w+)", text), is_beta_on)
    values["synchronization"] = _gate(found(r"FeatureGate\{Name: DecentralizedLiveMigration, State: (\w+)", text), is_beta_on)
    values["template"] = _gate(optional(r"FeatureGate\{Name: Template, State: (\w+)", text), is_beta_on)
    values["template-tag"] = ""
    if values["template"]:
        path = "pkg/virt-operator/resource/generate/components/data/virt-template/install-virt-operator.yaml"
        values["template-tag"] = found(r"image: quay.io/kubevirt/virt-template-controller:(\S+)", source.text(path))
    return values


def _gate(state: str, is_beta_on: bool) -> str:
    """`always`, `default` (a beta gate that the object can turn off), `gate` (the object must turn it on), or empty."""
    return {"GA": "always", "Beta": "default" if is_beta_on else "gate", "Alpha": "gate"}.get(state, "")


def victoria_metrics(source: Source) -> Values:
    """The default versions of the components, and the images without them."""
    text = source.text("internal/config/config.go")
    values = {
        name: found(f'"VM_{name.upper()}_VERSION": *"(v[^"]+)"', text) for name in ("metrics", "logs", "anomaly", "traces")
    }
    found(r'default:"(victoriametrics/operator:config-reloader-\$\{VM_OPERATOR_VERSION\})" env:",expand"', text)
    values["reloader"] = f"victoriametrics/operator:config-reloader-{source.version}"
    values["alertmanager"] = found(r'Version\s+string `default:"(v[^"]+)" env:"ALERTMANAGERVERSION"`', text)
    for image in ("vmalert", "vmagent", "vmanomaly", "victoria-metrics", "vmselect", "vmstorage", "vminsert", "vmauth"):
        found(f'Image +string `default:"(victoriametrics/{image})"`', text)
    for image in ("victoria-logs", "vlagent", "victoria-traces", "vmbackupmanager"):
        found(f'Image +string `default:"(victoriametrics/{image})"`', text)
    return values


def strimzi(source: Source) -> Values:
    """Return the default version of Kafka."""
    blocks = re.split(r"(?m)^- version: ", source.text("kafka-versions.yaml"))[1:]
    (default,) = [block.split()[0] for block in blocks if re.search(r"(?m)^  default: true$", block)]
    return {"kafka-version": default}


def jaeger(source: Source) -> Values:
    """The version of Jaeger."""
    return {"jaeger": found(r"(?m)^jaeger=(\S+)$", source.text("versions.txt"))}


def grafana(source: Source) -> Values:
    """The image of Grafana."""
    text = source.text("controllers/config/operator_constants.go")
    image, tag = found(r'GrafanaImage\s*= "([^"]+)"', text), found(r'GrafanaVersion\s*= "([^"]+)"', text)
    return {"grafana": f"{image}:{tag}"}


def rabbitmq(source: Source) -> Values:
    """The default images of a cluster."""
    try:
        text = source.text("cmd/main.go")
    except Unread:
        text = source.text("main.go")
    return {
        "rabbitmq": found(r'defaultRabbitmqImage\s*= "([^"]+)"', text),
        "updater": found(r'defaultUserUpdaterImage\s*= "([^"]+)"', text),
    }


def tidb(source: Source) -> Values:
    """The image of helper containers."""
    return {"helper": found(r'defaultHelperImage\s*= "([^"]+)"', source.text("pkg/apis/pingcap/v1alpha1/tidbcluster.go"))}


_CLICKHOUSE = "pkg/model/chi/config/const.go"


def clickhouse(source: Source) -> Values:
    """The images of a container that the object does not describe."""
    text = source.text(_CLICKHOUSE)
    return {
        "server": found(r'DefaultClickHouseDockerImage\s*= "([^"]+)"', text),
        "log": found(r'DefaultUbiDockerImage\s*= "([^"]+)"', text),
        "keeper": found(r'DefaultKeeperDockerImage\s*= "([^"]+)"', source.text("pkg/model/chk/config/const.go")),
    }


def rook(source: Source) -> Values:
    """Return the default images of the CSI drivers. From 1.18 on, another operator runs them by default."""
    if int(source.version.split(".")[1]) >= 18:
        raise Unread("facts about the operator of the drivers")
    text = source.text("pkg/operator/ceph/csi/spec.go")
    names = {"csi": "CSIPlugin", "registrar": "Registrar", "provisioner": "Provisioner", "attacher": "Attacher"}
    names |= {"snapshotter": "Snapshotter", "resizer": "Resizer", "addons": "CSIAddons"}
    return {name: found(rf'Default{constant}Image\s*= "([^"]+)"', text) for name, constant in names.items()}


def zalando(source: Source) -> Values:
    """The images of a cluster, its connection pooler and its backups."""
    text = source.text("pkg/util/config/config.go")
    return {
        "spilo": found(r'`name:"docker_image" default:"([^"]+)"`', text),
        "pooler": found(r'`name:"connection_pooler_image" default:"([^"]+)"`', text),
        "backup": found(r'`name:"logical_backup_docker_image" default:"([^"]+)"`', text),
    }


def redis_failover(source: Source) -> Values:
    """The images of Redis and of its exporter."""
    text = source.text("api/redisfailover/v1/defaults.go")
    return {
        "redis": found(r'defaultImage\s*= "([^"]+)"', text),
        "exporter": found(r'defaultExporterImage\s*= "([^"]+)"', text),
        "sentinel-exporter": found(r'defaultSentinelExporterImage\s*= "([^"]+)"', text),
    }


_MAIN = "prometheus-operator/prometheus-operator"
OPERATORS = (
    Operator("prometheus-operator", _MAIN, (0, 45, 0), "pkg/operator/defaults.go", prometheus),
    Operator("tigera-operator", "tigera/operator", (1, 34, 0), "pkg/components/calico.go, images.go", tigera),
    Operator("cloudnative-pg", "cloudnative-pg/cloudnative-pg", (1, 18, 0), "pkg/versions/versions.go", cloudnative_pg),
    Operator("minio-operator", "minio/operator", (6, 0, 0), "pkg/apis/minio.min.io/v2/constants.go", minio),
    Operator(
        "opentelemetry-operator", "open-telemetry/opentelemetry-operator", (0, 90, 0), "versions.txt, main.go", opentelemetry
    ),
    Operator("virt-operator", "kubevirt/kubevirt", (1, 6, 0), "pkg/virt-config/featuregate", kubevirt),
    Operator("victoriametrics-operator", "VictoriaMetrics/operator", (0, 70, 0), "internal/config/config.go", victoria_metrics),
    Operator("strimzi", "strimzi/strimzi-kafka-operator", (0, 40, 0), "kafka-versions.yaml", strimzi),
    Operator("jaeger-operator", "jaegertracing/jaeger-operator", (1, 40, 0), "versions.txt", jaeger),
    Operator("grafana-operator", "grafana/grafana-operator", (5, 0, 0), "controllers/config/operator_constants.go", grafana),
    Operator("rabbitmq-cluster-operator", "rabbitmq/cluster-operator", (2, 0, 0), "cmd/main.go", rabbitmq),
    Operator("tidb-operator", "pingcap/tidb-operator", (1, 3, 0), "pkg/apis/pingcap/v1alpha1/tidbcluster.go", tidb),
    Operator("rook-ceph", "rook/rook", (1, 12, 0), "pkg/operator/ceph/csi/spec.go", rook),
    Operator("postgres-operator", "zalando/postgres-operator", (1, 8, 0), "pkg/util/config/config.go", zalando),
    Operator("redis-operator", "spotahome/redis-operator", (1, 1, 0), "api/redisfailover/v1/defaults.go", redis_failover),
    Operator("clickhouse-operator", "Altinity/clickhouse-operator", (0, 23, 0), _CLICKHOUSE, clickhouse, "release-"),
)
