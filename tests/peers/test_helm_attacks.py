"""Hostile charts and plans against the real helm: no program of theirs runs, nothing connects, no other file is read."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.cli.runner import auditor
from tests.peers.programs import cut_off, require

pytestmark = pytest.mark.peer
TEMPLATE = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: 'example.com/web:1'}]}\n"
IMAGE = "example.com/web:1"
OPTION = "--post-renderer=./evil.sh"


class Listener:
    """A TCP listener on loopback that nothing may connect to."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def was_reached(self, seconds: float = 0.2) -> bool:
        self._socket.settimeout(seconds)
        try:
            self._socket.accept()[0].close()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.close()


def chart(folder: Path) -> Path:
    """A chart with one pod, named as its folder where that is a name."""
    name = folder.name if folder.name.isalnum() else "hc"
    texts = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n", "templates/pod.yaml": TEMPLATE}
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a chart and a script that leaves a file when it runs."""
    require("helm")
    folder = tmp_path / "site"
    chart(folder / "hc")
    (folder / "evil.sh").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n")
    (folder / "evil.sh").chmod(0o755)
    return folder


def ran(site: Path) -> bool:
    return (site.parent / "ran").exists()


def plan(site: Path, workload: Mapping[str, object]) -> str:
    text = {"version": 1, "pools": {"one": {"platform": "linux/amd64"}}, "workloads": [workload]}
    (site / "plan.yaml").write_text(json.dumps(text))
    return "plan.yaml"


def images(site: Path, *arguments: str | Path, extra: dict[str, str] | None = None) -> tuple[int, list[str], str]:
    """Exit code, references and standard error of `auditor images`."""
    done = auditor("images", *arguments, "--format", "list", cwd=site, extra=extra)
    return done.returncode, done.stdout.split(), done.stderr


def only_helm(tmp_path: Path) -> dict[str, str]:
    """An environment whose PATH has helm, and no program that starts another one without a network."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "helm").symlink_to(require("helm"))
    return {"PATH": str(folder)}


@pytest.mark.parametrize("key", ["release", "namespace"])
@pytest.mark.parametrize(
    "value",
    [OPTION, "--post-renderer", "-g", "--", "a b", "UPPER", "-", ".", "../x", "a/b", "x" * 64, "$(./evil.sh)", "a\u2028b"],
)
def test_name_in_a_plan_is_never_an_option(site: Path, key: str, value: str) -> None:
    done = auditor("audit", plan(site, {"chart": "hc", key: value}), "--offline", cwd=site)
    assert done.returncode == 2, done.stdout
    assert "plan.yaml:1:" in done.stderr
    assert "and begin and end with a letter or digit" in done.stderr or "control characters" in done.stderr
    assert not ran(site)


@pytest.mark.parametrize(
    "name", [OPTION[:16] + "=.", "--post-renderer=evil.sh", "-f", "--set=a=b", "http:", "$(touch ran)", "-", "--"]
)
@pytest.mark.parametrize("as_argument", [False, True])
def test_chart_folder_is_never_an_option(site: Path, name: str, as_argument: bool) -> None:
    chart(site / name)
    source = ["--", name] if as_argument else [plan(site, {"chart": f"./{name}"})]
    done = auditor("images", "--format", "list", *source, cwd=site)
    assert (done.returncode, done.stdout.split()) == (0, [IMAGE]), done.stderr
    assert not ran(site)


@pytest.mark.parametrize(
    "name", [OPTION.replace("/", ""), "-", "--set-file=x=plan.yaml", "a,b.yaml", 'a"b.yaml', "http:/x.yaml", "evil:/x.yaml"]
)
def test_values_file_is_read_as_a_file(site: Path, name: str) -> None:
    (site / name).parent.mkdir(exist_ok=True)
    (site / name).write_text("tag: '7'\n")
    (site / "hc" / "templates" / "pod.yaml").write_text(TEMPLATE.replace("web:1", "web:{{ .Values.tag }}"))
    status, found, said = images(site, plan(site, {"chart": "hc", "values": [f"./{name}"]}))
    assert (status, found) == (0, ["example.com/web:7"]), said
    assert not ran(site)


def test_suggested_command_holds_no_option_of_the_plan(site: Path) -> None:
    chart(site / OPTION.replace("/", ""))
    workload = {"chart": f"./{OPTION.replace('/', '')}"}
    status, _, said = images(site, plan(site, workload), extra={"PATH": "/nonexistent"})
    assert status == 3
    assert "helm template post-renderer--evil-sh ./--post-renderer=.evil.sh --include-crds" in said


def test_program_in_the_folder_of_the_plan_is_not_started(site: Path) -> None:
    """Neither through `.` on PATH, nor through the folder itself, nor through a link on PATH that leads there."""
    fake = site / "helm"
    fake.write_text((site / "evil.sh").read_text())
    fake.chmod(0o755)
    links = site.parent / "links"
    links.mkdir()
    (links / "helm").symlink_to(fake)
    (site / "deep").mkdir()
    (site / "deep" / "helm").symlink_to(fake)
    name = plan(site, {"chart": "hc"})
    for path in (".", "", "deep", str(site), str(site / "deep"), str(links), f"{site}/../site"):
        for cwd in (site, site.parent):
            argument = name if cwd == site else f"site/{name}"
            done = auditor("images", argument, cwd=cwd, extra={"PATH": path})
            assert "helm is not installed here" in done.stderr, path
            assert not ran(site), path


def test_plug_ins_and_settings_of_the_caller_do_not_reach_helm(site: Path) -> None:
    plugin = site / "plugins" / "evil"
    plugin.mkdir(parents=True)
    command = f"command: {site}/evil.sh\n"
    downloader = "downloaders: [{command: ../../evil.sh, protocols: [evil]}]\n"
    (plugin / "plugin.yaml").write_text(f"name: template\nversion: 1.0.0\n{command}{downloader}")
    (site / "evil:").mkdir()
    (site / "evil:" / "x.yaml").write_text("a: b\n")
    extra = {
        "HELM_PLUGINS": str(site / "plugins"),
        "HELM_DATA_HOME": str(site),
        "HELM_NAMESPACE": "other",
        "HELM_DEBUG": "true",
    }
    (site / "hc" / "templates" / "pod.yaml").write_text(TEMPLATE.replace("web:1", "{{ .Release.Namespace }}:1"))
    status, found, said = images(site, plan(site, {"chart": "hc", "values": ["evil:/x.yaml"]}), extra=extra)
    assert (status, found) == (0, ["example.com/default:1"]), said
    assert not ran(site)


def _with_schemas(site: Path, url: str) -> None:
    """A `$ref` to a URL in the schema of the chart, of a chart in its folder `charts`, and of a packed one there."""
    schema = json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "$ref": url})
    (site / "hc" / "values.schema.json").write_text(schema)
    chart(site / "hc" / "charts" / "inner").joinpath("values.schema.json").write_text(schema)
    packed = chart(site / "packed")
    (packed / "values.schema.json").write_text(schema)
    subprocess.run(
        [require("helm"), "package", packed, "-d", site / "hc" / "charts"], check=True, capture_output=True, timeout=60
    )


@pytest.mark.parametrize("command", [["audit", "--offline"], ["images"], ["fix", "--offline", "-o", "out"]])
def test_schema_reference_opens_no_connection(site: Path, listener: Listener, command: list[str]) -> None:
    _with_schemas(site, f"http://{listener.host}/schema.json")
    plan(site, {"chart": "hc"})
    with subprocess.Popen([require("helm"), "template", "x", site / "hc"], stdout=subprocess.DEVNULL) as bare:
        was_reached = listener.was_reached(10)
        bare.kill()
    assert was_reached, "helm by itself no longer connects: this test proves nothing"
    while listener.was_reached():  # helm may have connected again before it was killed
        pass
    done = auditor(command[0], "plan.yaml", *command[1:], cwd=site)
    assert done.returncode in {0, 1, 3}, done.stderr
    assert not listener.was_reached()
    assert images(site, "plan.yaml")[1] == [IMAGE]


def test_templates_and_dependencies_open_no_connection(site: Path, listener: Listener) -> None:
    url = f"http://{listener.host}"
    (site / "hc" / "templates" / "pod.yaml").write_text(
        TEMPLATE
        + '# {{ lookup "v1" "Secret" "default" "s" }} {{ getHostByName "localhost" }}\n'
        + '# {{ tpl "{{ getHostByName \\"a.b\\" }}" . }}\n'
    )
    config = f"apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: '{url}'}}}}]\n"
    config += "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\nusers: [{name: u}]\n"
    (site / "kubeconfig").write_text(config)
    extra = {"KUBECONFIG": str(site / "kubeconfig"), "HELM_KUBEAPISERVER": url, "HTTP_PROXY": url}
    status, found, said = images(site, plan(site, {"chart": "hc"}), extra=extra)
    assert (status, found) == (0, [IMAGE]), said
    dependency = f"dependencies: [{{name: far, version: 1.0.0, repository: '{url}'}}]\n"
    (site / "hc" / "Chart.yaml").write_text(f"apiVersion: v2\nname: hc\nversion: 1.0.0\n{dependency}")
    status, _, said = images(site, "plan.yaml", extra=extra)
    assert status == 3
    assert "missing in charts/ directory: far" in said
    assert not listener.was_reached()


def test_without_isolation_charts_are_undetermined_offline(site: Path, listener: Listener) -> None:
    """Unless the user allows it; validation is off then as well."""
    _with_schemas(site, f"http://{listener.host}/schema.json")
    extra = only_helm(site.parent)
    plan(site, {"chart": "hc"})
    report = json.loads(auditor("audit", "plan.yaml", "--offline", "--format", "json", cwd=site, extra=extra).stdout)
    assert "Add `--render-charts` to run helm anyway" in json.dumps(report["undetermined"])
    assert images(site, "plan.yaml", extra=extra)[0] == 3
    assert images(site, "plan.yaml", "--render-charts", extra=extra)[:2] == (0, [IMAGE])
    done = auditor("audit", "plan.yaml", "--offline", "--render-charts", "--format", "json", cwd=site, extra=extra)
    assert "--render-charts` to run" not in json.dumps(json.loads(done.stdout)["undetermined"])
    assert not listener.was_reached()


def test_old_helm_runs_only_without_a_network(site: Path) -> None:
    extra = only_helm(site.parent)
    helm = Path(extra["PATH"], "helm")
    helm.unlink()
    helm.write_text("#!/bin/sh\necho 'Usage: no such option'\n")
    helm.chmod(0o755)
    status, _, said = images(site, plan(site, {"chart": "hc"}), "--render-charts", extra=extra)
    assert status == 3
    assert "install Helm 3.16 or later" in said


def test_rendered_charts_of_evidence_are_used_without_helm(site: Path) -> None:
    plan(site, {"chart": "hc"})
    auditor("collect", "plan.yaml", "-o", "site.evidence", cwd=site)
    done = auditor(
        "audit", "plan.yaml", "--evidence", "site.evidence", "--format", "json", cwd=site, extra={"PATH": "/nonexistent"}
    )
    report = json.loads(done.stdout)
    assert [image["reference"] for image in report["images"]] == [IMAGE]
    assert "helm is not installed" not in done.stdout


@pytest.mark.parametrize("kind", ["file", "folder", "absolute", "template"])
def test_link_out_of_the_folder_of_the_plan_is_not_followed(site: Path, kind: str) -> None:
    secret = site.parent / "outside" / "login.yaml"
    secret.parent.mkdir()
    secret.write_text("key: canary-7731\n")
    chart_files = site / "hc" / "files"
    chart_files.mkdir()
    if kind == "folder":
        (chart_files / "linked").symlink_to(secret.parent)
    elif kind == "template":
        (site / "hc" / "templates" / "x.yaml").symlink_to(secret)
    else:
        (chart_files / "linked.yaml").symlink_to(secret if kind == "absolute" else "../../../outside/login.yaml")
    (site / "hc" / "templates" / "pod.yaml").write_text(
        TEMPLATE.replace("web:1", 'web:{{ .Files.Glob "files/**" | toJson | b64enc | trunc 90 | replace "=" "" }}')
    )
    plan(site, {"chart": "hc"})
    done = auditor("audit", "plan.yaml", "--offline", "--format", "json", cwd=site)
    report = json.loads(done.stdout)
    assert "it is a link to a file outside the chart and the plan's folder" in json.dumps(report["undetermined"])
    assert report["images"] == []
    auditor("collect", "plan.yaml", "-o", "site.evidence", cwd=site)
    assert b"canary-7731" not in (site / "site.evidence").read_bytes()


def test_link_inside_the_folder_of_the_plan_is_followed(site: Path) -> None:
    """A library chart that several charts share."""
    chart(site / "shared" / "lib")
    (site / "hc" / "charts").mkdir()
    (site / "hc" / "charts" / "lib").symlink_to("../../shared/lib")
    assert images(site, plan(site, {"chart": "hc"}))[:2] == (0, [IMAGE])


def test_archive_with_escaping_paths_writes_nothing(site: Path, tmp_path: Path) -> None:
    with tarfile.open(site / "bad.tgz", "w:gz") as archive:
        for name, text in {
            "hc/Chart.yaml": "apiVersion: v2\nname: hc\nversion: 1.0.0\n",
            "hc/../../../escaped": "x",
            "/tmp/escaped-airgap": "x",
            "hc/templates/pod.yaml": TEMPLATE,
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    status, found, said = images(site, plan(site, {"chart": "bad.tgz"}))
    assert (status, found) == (3, []), said
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize(
    "body", ['{{ repeat 40000000 "x" }}', '{{ range $i := until 100000 }}{{ repeat 1000 "y" }}{{ "\\n" }}{{ end }}']
)
def test_chart_with_endless_output_is_stopped(site: Path, body: str) -> None:
    (site / "hc" / "templates" / "pod.yaml").write_text(TEMPLATE + f"# {body}\n")
    status, _, said = images(site, plan(site, {"chart": "hc"}))
    assert status == 3
    assert "helm" in said


def test_helm_error_holds_no_secret_and_no_temporary_path(site: Path) -> None:
    (site / "values.yaml").write_text("db: {password: correct-horse-9, user: shop}\ntoken: 'tok en-4711'\n")
    (site / "hc" / "templates" / "pod.yaml").write_text(
        '{{ fail (printf "got %s and %s at https://u:pw-canary-5@h/" .Values.db.password .Values.token) }}\n'
    )
    plan(site, {"chart": "hc", "values": ["values.yaml"]})
    for arguments in (["images"], ["audit", "--offline", "--format", "json"]):
        done = auditor(arguments[0], "plan.yaml", *arguments[1:], cwd=site)
        said = done.stdout + done.stderr
        assert "helm reports" in said
        for canary in ("correct-horse-9", "tok en-4711", "pw-canary-5", "auditor-helm-"):
            assert canary not in said
    (site / "values.yaml").write_text("a: [\n")
    assert "failed to parse values.yaml" in images(site, "plan.yaml")[2]


def test_helm_runs_in_a_network_of_its_own(site: Path, tmp_path: Path) -> None:
    """A stand-in for helm writes which network interfaces it has, and the environment that it got."""
    cut_off()
    folder = tmp_path / "bin"
    folder.mkdir()
    helm = folder / "helm"
    shows = f"{{ /bin/cat /proc/net/dev; /usr/bin/env; }} > {tmp_path}/seen"
    helm.write_text(f'#!/bin/sh\n[ "$2" = --help ] || {shows}\necho --skip-schema-validation\n')
    helm.chmod(0o755)
    extra = {
        "PATH": f"{folder}:/usr/bin:/bin",
        "AWS_SECRET_ACCESS_KEY": "canary-1",
        "HELM_KUBETOKEN": "canary-2",
        "HTTPS_PROXY": "x",
    }
    images(site, plan(site, {"chart": "hc"}), extra=extra)
    seen = (tmp_path / "seen").read_text()
    assert [line.split(":")[0].strip() for line in seen.splitlines() if ":" in line and "|" not in line][:1] == ["lo"]
    assert "eth" not in seen
    assert "canary" not in seen
    assert "PROXY" not in seen
