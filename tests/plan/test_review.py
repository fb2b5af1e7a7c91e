"""A second reader's findings about the plan room: each is a small reproduction, marked until it is mended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from auditor.errors import AuditorError, PlanError
from auditor.plan.files import carried_files, secret_in
from auditor.plan.lists import ListSource, read_list
from auditor.plan.load import load_plan, load_plan_files, plan_for_lists
from auditor.plan.model import ListLine, Plan
from auditor.plan.needs import resolve_needs

HEAD = "version: 1\npools: {one: {platform: linux/amd64}}\n"
POOL = "version: 1\npools: {one: {platform: linux/amd64, %s}}\n"
DIGEST = "sha256:" + "ab" * 32
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

LOAD = "import sys\nfrom auditor.plan.load import load_plan_files\nload_plan_files('p', {'p': sys.stdin.buffer.read()})\n"
DISK = "import sys\nfrom pathlib import Path\nfrom auditor.plan.load import load_plan\nload_plan(Path(sys.argv[1]))\n"
LIST = """
import sys
from auditor.plan.lists import ListSource, read_list
read_list(ListSource('l', ('p',)), sys.stdin.buffer.read())
"""


def todo(reason: str) -> pytest.MarkDecorator:
    """A finding that is not mended yet; once it is, the mark must go."""
    return pytest.mark.xfail(strict=True, reason=reason)


def plan_of(text: str, **files: bytes) -> Plan:
    """A plan from its text and carried files."""
    return load_plan_files("plan.yaml", {"plan.yaml": text.encode(), **files})


def refused(text: str) -> str:
    """What a plan is refused for; any other exception than ours fails the test."""
    with pytest.raises(AuditorError) as caught:
        plan_of(text)
    return caught.value.summary


def line_of(text: str) -> ListLine:
    """The one entry of a one-line list."""
    (line,) = read_list(ListSource("images.txt", ("one",)), text.encode())
    return line


def in_process(code: str, data: bytes = b"", argument: str = "") -> subprocess.CompletedProcess[bytes]:
    """Run code in a process of its own: what is tried here may crash the interpreter or never end."""
    return subprocess.run([sys.executable, "-c", code, argument], input=data, capture_output=True, timeout=5, check=False)


# ---- what a plan may hold


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(POOL % "disk: 1.5", id="disk-float"),
        pytest.param(POOL % "disk: [1]", id="disk-list"),
        pytest.param(POOL % "disk: {a: 1}", id="disk-mapping"),
        pytest.param(HEAD + "copy: {staging: {disk: }}\n", id="disk-nothing"),
        pytest.param(HEAD + "name: !!bool x\n", id="tag-bool"),
        pytest.param(HEAD + "name: !!timestamp x\n", id="tag-timestamp"),
        pytest.param(HEAD + 'name: !!int ""\n', id="tag-int"),
        pytest.param(HEAD + 'name: !!float ""\n', id="tag-float"),
        pytest.param(POOL % f"nodes: 0x{'f' * 5000}", id="huge-integer"),
    ],
)
@todo("the exception escapes: internal error, exit 4, on a plain mistake or a hostile plan")
def test_odd_scalars_are_problems_and_no_internal_errors(text: str) -> None:
    assert "plan.yaml:" in refused(text)


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- ", b"? "], ids=["flow-list", "flow-mapping", "list", "key"])
@todo("yaml.compose recurses in C: 50,000 levels overflow the stack, and the process dies by SIGSEGV")
def test_deep_nesting_does_not_kill_the_process(opening: bytes) -> None:
    done = in_process(LOAD, opening * 50_000)
    assert done.returncode == 1, done.returncode
    assert b"PlanError" in done.stderr


@todo("YAML 1.1 base-60 integers are built digit by digit: quadratic, and far over a minute within the 4 MiB of a plan")
def test_a_base_60_number_does_not_take_for_ever() -> None:
    in_process(LOAD, HEAD.encode() + b"name: 1" + b":59" * 500_000)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("version: 1\npools: {one: {platform: linux/amd46}}\n", id="architecture"),
        pytest.param("version: 1\npools: {one: {platform: 'linux/amd64:ltsc2022'}}\n", id="linux-with-a-build"),
        pytest.param(POOL % "nodes: yes", id="nodes-yes"),
        pytest.param("version: true\npools: {one: {platform: linux/amd64}}\n", id="version-true"),
        pytest.param(HEAD + "registry: {host: 'r:1', rewrites: {docker.io: 'https://r:1'}}\n", id="rewrite-url"),
        pytest.param(HEAD + "network: {reachable: ['a b']}\n", id="reachable-with-space"),
        pytest.param(HEAD + "network: {reachable: ['host:443']}\n", id="reachable-with-port"),
        pytest.param(POOL % "runtime: containerd latest", id="runtime-latest"),
        pytest.param(HEAD + "copy: {options: [--dest-creds, 'admin:hunter2']}\n", id="password-in-the-plan"),
        pytest.param(HEAD + 'name: "a\\u202eb"\n', id="bidi-override"),
        pytest.param(HEAD + 'registry: {host: "r:1", ca: "a\\x9bb"}\n', id="c1-control"),
    ],
)
@todo("an impossible value is taken as it is")
def test_impossible_values_are_refused(text: str) -> None:
    assert "plan.yaml:" in refused(text)


@todo("names that dangle are only looked for once every key is right, and duplicate keys hide everything else")
def test_all_problems_come_at_once_also_dangling_names() -> None:
    found = refused(HEAD + "imagse: []\nimages: [{ref: a, pools: [oen]}]\nname: a\nname: b\n")
    assert "imagse" in found
    assert "oen" in found
    assert "again" in found


@todo("the key is printed as it is, and stderr is a terminal")
def test_no_control_character_of_a_plan_reaches_a_message() -> None:
    assert "\x1b" not in refused(HEAD + 'severity: {"image\\e[31m": fatal}\n')


@todo("messages quote whole values: one of 4 MiB is printed in full, and 20,000 problems are 4 MB")
def test_messages_stay_readable() -> None:
    assert len(refused(POOL % f'runtime: "{"c " * 200_000}"')) < 10_000
    assert len(refused(HEAD + "".join(f"key{number}: 1\n" for number in range(2_000)))) < 100_000


@todo("PyYAML's ReaderError has a position and no mark, so the place is lost")
def test_a_control_character_in_yaml_is_named_at_its_line() -> None:
    assert "plan.yaml:2" in refused("version: 1\nname: a\x07b\n")


@todo("pydantic's words for Python: 'should be a valid tuple'")
def test_a_section_left_empty_is_told_in_the_words_of_a_plan() -> None:
    assert "tuple" not in refused(HEAD + "images:\n")


@todo("the number is shown as YAML folded it (1.3), not as it was written (1.30)")
def test_a_version_that_yaml_takes_for_a_number_is_quoted_as_written() -> None:
    assert "1.30" in refused(HEAD + "cluster: {distribution: rke2, version: 1.30}\n")


@todo("KeyError instead of PlanError")
def test_carried_files_without_the_plan_are_our_error() -> None:
    with pytest.raises(PlanError):
        load_plan_files("plan.yaml", {})


VALUES = (
    *("", "1", "1.5", ".nan", "-1", "yes", "null", "[]", "[1]", "{}", "{a: 1}", "''", "x y", "2027-06-30", "1:30", "0x10"),
    "!!set {a}",
)
KEYS = (
    *("name", "horizon", "cluster", "images", "workloads", "workloads_complete", "copy", "registry", "sources", "endpoints"),
    *("network", "waivers", "severity"),
)
INNER = (
    *(
        "disk",
        "size",
        "host",
        "rate",
        "window",
        "tool",
        "media",
        "staging",
        "options",
        "ref",
        "list",
        "pools",
        "chart",
        "values",
    ),
    *("kind", "rewrites", "insecure", "chain", "reachable", "check", "expires", "distribution", "version"),
)


@pytest.mark.parametrize("key", [pytest.param(key, marks=todo("sizes") if key in {"copy", "registry"} else ()) for key in KEYS])
def test_any_value_under_any_key_gives_a_plan_or_our_error(key: str) -> None:
    texts = [f"{key}: {value}" for value in VALUES]
    texts += [f"{key}: {{{inner}: {value}}}" for inner in INNER for value in VALUES]
    texts += [f"{key}: [{{{inner}: {value}}}]" for inner in INNER for value in VALUES]
    texts += [
        f"{key}: {{{part}: {{{inner}: {value}}}}}"
        for part in ("media", "staging")
        for inner in ("size", "disk")
        for value in VALUES
    ]
    for text in texts:
        try:
            plan_of(f"{HEAD}{text}\n")
        except AuditorError as error:
            assert error.summary


# ---- the files beside it


@pytest.mark.parametrize("written", ["./certs/ca.pem", "certs//ca.pem", "certs\\ca.pem"])
@todo("files are kept under the normal path, the plan keeps the written one: every look-up in plan.files misses")
def test_a_path_is_found_however_it_is_written(tmp_path: Path, written: str) -> None:
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "ca.pem").write_text(CERTIFICATE)
    endpoint = f"endpoints: [{{host: 'r:1', chain: '{written}'}}]\n"
    (tmp_path / "plan.yaml").write_text(
        POOL % f"trust: ['{written}']" + endpoint + f"registry: {{host: 'r:1', ca: '{written}'}}\n"
    )
    plan = load_plan(tmp_path / "plan.yaml")
    assert plan.registry is not None
    assert {plan.endpoints[0].chain, plan.registry.ca, *plan.pools[0].trust} <= set(plan.files)


@todo("open() waits for a writer of the pipe; O_NONBLOCK and fstat would not")
def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    subprocess.run(["mkfifo", str(tmp_path / "pipe")], check=True)
    (tmp_path / "plan.yaml").write_text(POOL % "trust: [pipe]")
    done = in_process(DISK, argument=str(tmp_path / "plan.yaml"))
    assert b"regular file" in done.stderr


@todo("os.walk does not enter linked folders and non-regular files are passed over: certificates are lost without a word")
def test_a_linked_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "ca.pem").write_text(CERTIFICATE)
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "plan.yaml").write_text(POOL % "trust: [trust]")
    assert "trust/linked/ca.pem" in load_plan(tmp_path / "plan.yaml").files


@pytest.mark.parametrize("name", [b"\xff.pem", b"a\x1b[31m.pem"], ids=["no-utf-8", "escape"])
@todo("the name reaches the evidence store (UnicodeEncodeError) or a terminal as it is")
def test_an_unsayable_file_name_is_a_problem(tmp_path: Path, name: bytes) -> None:
    (tmp_path / "trust").mkdir()
    Path(bytes(tmp_path / "trust").decode(), name.decode("utf-8", "surrogateescape")).write_text(CERTIFICATE)
    (tmp_path / "plan.yaml").write_text(POOL % "trust: [trust]")
    with pytest.raises(AuditorError):
        load_plan(tmp_path / "plan.yaml")


# ---- what evidence carries


@todo("an image called …auth: or …secret: reads as a credential; the list is left out, and with it its needs")
def test_a_list_is_always_carried() -> None:
    lists = {"images.txt": b"ghcr.io/acme/user-auth:1.2\nghcr.io/acme/web:1\n"}
    plan = load_plan_files("plan.yaml", {"plan.yaml": (HEAD + "images: [{list: images.txt}]\n").encode(), **lists})
    again = load_plan_files("plan.yaml", carried_files(plan)[0])
    assert resolve_needs(again) == resolve_needs(plan)


@todo("the same for the plan itself: the evidence then carries no plan at all")
def test_the_plan_is_always_carried() -> None:
    plan = plan_of(HEAD + "images: [{ref: 'ghcr.io/acme/user-auth:1.2'}]\n")
    assert "plan.yaml" in carried_files(plan)[0]


@todo("needs vanish without a word: removing evidence then moves a verdict towards ready")
def test_a_list_that_is_not_carried_is_no_empty_list() -> None:
    with pytest.raises(AuditorError):
        resolve_needs(plan_of(HEAD + "images: [{list: gone.txt}]\n"))


@todo("bare lists make a plan without a file: the evidence that `auditor collect LIST --platform P` writes cannot be audited")
def test_the_plan_of_bare_lists_can_be_carried(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("busybox:1\n")
    plan = plan_for_lists([tmp_path / "a.txt"], ["linux/amd64"])
    assert resolve_needs(load_plan_files(plan.file, carried_files(plan)[0])).needs == resolve_needs(plan).needs


@todo("the whole chain file is dropped, so that the endpoint is undetermined inside and judged outside")
def test_a_key_beside_a_certificate_does_not_cost_the_certificate() -> None:
    text = HEAD + "endpoints: [{host: 'r:1', chain: chain.pem}]\n"
    key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"
    plan = load_plan_files("plan.yaml", {"plan.yaml": text.encode(), "chain.pem": (CERTIFICATE + key).encode()})
    kept, left_out = carried_files(plan)
    assert b"CERTIFICATE" in kept["chain.pem"]
    assert b"PRIVATE KEY" not in kept["chain.pem"]
    assert left_out


@pytest.mark.parametrize(
    "text",
    [
        "auth:\n  htpasswd:\n    realm: basic\n    path: /auth/htpasswd\n",
        "# auth: see the wiki\n",
        "image: ghcr.io/acme/user-auth:1.2\n",
    ],
    ids=["distribution-htpasswd", "comment", "manifest"],
)
@todo("read as a credential")
def test_what_is_no_credential_is_carried(text: str) -> None:
    assert not secret_in(text.encode())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'[host."https://r".header]\n  authorization = ["Basic Zm9vOmJhcg=="]\n', id="hosts.toml"),
        pytest.param(b"skopeo copy --dest-creds admin:hunter2 a b\n", id="skopeo"),
        pytest.param(b"docker login -u admin --password hunter2 r.local\n", id="docker-login"),
        pytest.param(b"docker login -u admin -p hunter2 r.local\n", id="docker-login-p"),
        pytest.param(b"curl https://admin:hunter2@r.local/v2/\n", id="url"),
        pytest.param(b"curl -u admin:hunter2 https://r.local/v2/\n", id="curl"),
        pytest.param(b"token: hunter2\n", id="token"),
        pytest.param(b"adminPassword: hunter2\n", id="camel-case"),
        pytest.param(b"aws_secret_access_key = hunter2\n", id="aws"),
        pytest.param(b"client_secret: hunter2\n", id="client-secret"),
        pytest.param(b"azure:\n  accountkey: hunter2\n", id="azure"),
        pytest.param(b"kind: Secret\ndata:\n  db: aHVudGVyMg==\n", id="kubernetes-secret"),
        pytest.param(b"kind: Secret\ndata:\n  .dockerconfigjson: eyJhdXRocyI6e319\n", id="pull-secret"),
        pytest.param("-----BEGIN PRIVATE KEY-----\n".encode("utf-16"), id="utf-16-pem"),
        pytest.param(b"\x30\x82\x0a\x00\x02\x01\x03\x30\x82\x09\x00", id="pkcs12"),
        pytest.param(b"\x30\x82\x05\x13\x30\x3d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d", id="encrypted-pkcs8"),
        pytest.param(b"PuTTY-User-Key-File-3: ssh-rsa\n", id="putty"),
        pytest.param(b"\xfe\xed\xfe\xed\x00\x00\x00\x02", id="java-keystore"),
    ],
)
@todo("carried into the evidence file")
def test_a_credential_is_not_carried(data: bytes) -> None:
    assert secret_in(data)


# ---- lists


@todo("a second word is taken for a Rancher source even where it is a reference: the image is lost")
def test_two_short_references_on_a_line_are_two_images() -> None:
    found = read_list(ListSource("images.txt", ("one",)), b"busybox:1 alpine:3\n")
    assert [line.text for line in found] == ["busybox:1", "alpine:3"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("busybox:1\u00a0", id="no-break-space"),
        pytest.param("busybox:1\u3000", id="ideographic-space"),
        pytest.param("busybox:1 \x0b# y", id="control-before-a-comment"),
        pytest.param(DIGEST, id="digest-alone"),
        pytest.param("HARBOR/x:1", id="upper-case-host"),
        pytest.param("MIRROR:5000/x:1", id="upper-case-host-and-port"),
        pytest.param("a/b:nanoserver-KUBE_PROXY_VERSION", id="stand-in-at-the-end"),
        pytest.param(f"a/b:KUBE_PROXY_VERSION@{DIGEST}", id="stand-in-with-digest"),
        pytest.param("a/b:vVERSION", id="version"),
        pytest.param("a/b:CHANGEME", id="changeme"),
        pytest.param("a/b:vX.Y.Z", id="x-y-z"),
    ],
)
@todo("passes as a good reference")
def test_what_is_no_reference_is_an_error(text: str) -> None:
    assert line_of(text + "\n").error


@todo("the tag RELEASE-1.2 is a tag")
def test_a_release_is_no_stand_in() -> None:
    assert not line_of("a/b:RELEASE-1.2\n").error


@todo("the pattern {{.*?}} looks to the end of the line from every {{: 0.1 s a line, hours for a file within the bounds")
def test_unclosed_templates_cost_linear_time() -> None:
    in_process(LIST, (b"{{" * 2000 + b"\n") * 200)


@pytest.mark.parametrize(
    "data",
    [b"\xfd7zXZ\x00\n\xff\n\xfe\n", b"BZh91AY&SY\xff\n\xfe\n", b"%PDF-1.4\n%\xe2\xe3\n1 0 obj\n"],
    ids=["xz", "bzip2", "pdf"],
)
@todo("one error for every line of it, which hides that the file was the wrong one")
def test_other_binaries_are_one_line(data: bytes) -> None:
    assert len(read_list(ListSource("images.txt", ("one",)), data)) == 1
