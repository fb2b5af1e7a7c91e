"""The files of the site with canaries, as texts."""

from __future__ import annotations

# In each `%s` a canary is planted; the key names the place.
BASH = {
    "skopeo --src-creds": "skopeo copy --src-creds robot:%s docker://ghcr.io/acme/a:1 docker://r.plant.local/a:1",
    "skopeo --dest-creds=": "skopeo copy --dest-creds=robot:%s docker://ghcr.io/acme/b:1 docker://r.plant.local/b:1",
    "skopeo quoted": "skopeo copy --dest-creds 'robot:%s' docker://ghcr.io/acme/c:1 docker://r.plant.local/c:1",
    "skopeo --src-password": "skopeo copy --src-username me --src-password %s docker://ghcr.io/acme/d:1 docker://r.plant.local/d:1",
    "skopeo --src-registry-token": "skopeo copy --src-registry-token %s docker://ghcr.io/acme/e:1 docker://r.plant.local/e:1",
    "skopeo sync --dest-creds": "skopeo sync --src docker --dest docker --dest-creds robot:%s ghcr.io/acme/f:1 r.plant.local/f",
    "docker login -p": "docker login -u robot -p %s r.plant.local",
    "docker login --password=": "docker login --username robot --password=%s r.plant.local",
    "docker login stdin": "echo %s | docker login -u robot --password-stdin r.plant.local",
    "docker login here string": "docker login -u robot --password-stdin r.plant.local <<< %s",
    "crane auth login": "crane auth login r.plant.local -u robot -p '%s'",
    "oras --to-password": "oras cp --to-username me --to-password %s ghcr.io/acme/g:1 r.plant.local/g:1",
    "regctl registry login": "regctl registry login r.plant.local -u robot -p %s",
    "ctr -u": "ctr images pull -u robot:%s ghcr.io/acme/h:1",
    "crictl --creds": "crictl pull --creds robot:%s ghcr.io/acme/i:1",
    "curl -u": "curl -u robot:%s https://ghcr.io/x -o /dev/null",
    "curl header": 'curl -H "Authorization: Bearer %s" https://files.example/x',
    "curl api key header": 'curl -H "X-Api-Key: %s" https://files.example/y',
    "curl URL": "curl https://robot:%s@files.example/z",
    "curl signed URL": "curl 'https://files.example/w?X-Amz-Algorithm=A&X-Amz-Signature=%s'",
    "wget": "wget --http-user=me --http-password=%s https://files.example/v",
    "helm --password": "helm pull oci://ghcr.io/acme/chart --username me --password %s",
    "zarf": "zarf init --registry-push-password=%s",
    "imgpkg": "imgpkg copy --registry-password=%s -b ghcr.io/acme/j:1 --to-repo r.plant.local/j",
    "hauler login": "hauler login r.plant.local -u me -p %s",
    "environment": "export REGISTRY_PASSWORD=%s",
    "environment token": "GITHUB_TOKEN='%s' crane copy ghcr.io/acme/k:1 r.plant.local/k:1",
    "azure": "az storage blob download --account-key %s --name x",
    "comment": "# the password is in the vault; password: %s",
    "failing loop": "docker push r.plant.local/l:1 --auth-token %s || true",
    "sshpass": "sshpass -p %s scp images.tar node:",
    "reference with a login": "docker pull robot:%s@ghcr.io/acme/m:1",
    "unread tool": "mycopier --apiToken=%s ghcr.io/acme/n:1",
}
POWERSHELL = {
    "docker login -p": "docker login -u robot -p %s r.plant.local",
    "variable": '$password = "%s"',
    "environment": "$env:REGISTRY_TOKEN = '%s'",
    "secure string": "$s = ConvertTo-SecureString '%s' -AsPlainText -Force",
    "header": '$h = @{ Authorization = "Basic %s" }',
    "parameter": "Connect-Registry -Password '%s' -Server r.plant.local",
    "parameter with colon": "Connect-Registry -ApiKey:%s",
    "skopeo": "skopeo copy --dest-creds robot:%s docker://ghcr.io/acme/o:1 docker://r.plant.local/o:1",
    "URL": "Invoke-WebRequest 'https://files.example/p.zip?sv=1&sig=%s' -OutFile p.zip",
    "login in URL": "Invoke-WebRequest https://me:%s@files.example/q.zip -OutFile q.zip",
    "stdin": "Write-Output %s | docker login -u robot --password-stdin r.plant.local",
}
LIST = {
    "user and password": "robot:%s@ghcr.io/acme/a:1",
    "URL": "https://robot:%s@ghcr.io/acme/b:1",
    "docker URL": "docker://robot:%s@ghcr.io/acme/c:1",
    "X-Amz-Signature": "ghcr.io/acme/d:1?X-Amz-Signature=%s",
    "sig": "https://files.example/e.tar?sv=2024&sig=%s",
    "sig escaped": "https://files.example/e.tar?sv=2024&amp;sig=%s",
    "comment": "ghcr.io/acme/f:1 # password %s",
    "comment login": "# docker login -u robot -p %s",
    "comment pair": "# user robot / %s",
    "assignment": "password=%s",
    "token": "TOKEN: %s",
    "command": "skopeo copy --src-creds robot:%s docker://ghcr.io/acme/g:1 dir:g",
    "two columns": "ghcr.io/acme/h:1 ghcr.io/acme/h:2?access_token=%s",
    "too long": "ghcr.io/" + "x" * 180 + "?token=%s",
}
REGSYNC = """version: 1
creds:
  - {registry: ghcr.io, user: robot, pass: "%s"}
  - registry: r.plant.local
    user: robot
    pass: %s
    # pwd: %s
  - registry: t.plant.local
    token: %s
sync:
  - {source: "ghcr.io/acme/a:1", target: "r.plant.local/a:1", type: image}
"""
SKOPEO_SYNC = """ghcr.io:
  credentials: {username: robot, password: "%s"}
  images: {acme/a: ["1"]}
quay.io:
  credentials:
    username: robot
    password: %s
  images: {acme/b: ["1"]}
"""
HAULER = """apiVersion: content.hauler.cattle.io/v1
kind: Images
metadata: {name: a, annotations: {password: "%s"}}
spec: {images: [{name: "ghcr.io/acme/a:1"}, {name: "robot:%s@ghcr.io/acme/b:1"}]}
"""
ZARF = """kind: ZarfPackageConfig
metadata: {name: a}
constants: [{name: ADMIN_PASSWORD, value: "%s"}]
variables:
  - name: DB_PASSWORD
    default: x
components:
  - {name: a, required: true, images: ["ghcr.io/acme/a:1", "robot:%s@ghcr.io/acme/b:1"]}
"""
IMGPKG = """apiVersion: imgpkg.carvel.dev/v1alpha1
kind: ImagesLock
images: [{image: "ghcr.io/acme/a@sha256:%s", annotations: {apiToken: "%%s"}}]
""" % ("a" * 64)
REGISTRIES = """mirrors: {docker.io: {endpoint: ["https://mirror:%s@r.plant.local"]}}
configs:
  r.plant.local:
    auth: {username: robot, password: "%s"}
  s.plant.local:
    auth:
      username: robot
      password: %s
      token: %s
  t.plant.local:
    auth: {auth: %s, identity_token: "%s"}
"""
HOSTS = """server = "https://ghcr.io"
[host."https://r.plant.local"]
  capabilities = ["pull", "resolve"]
[host."https://r.plant.local".header]
  Authorization = "Basic %s"
  x-api-key = ["%s"]
  X-Artifactory-Token = "%s"
  X-Custom = ["%s", "%s"]
"""
DAEMON = """{"registry-mirrors": ["https://me:%s@r.plant.local"], "auths": {"r": {"auth": "%s"}},
 "HttpHeaders": {"X-Meta-Password": "%s"}, "proxies": {"http-proxy": "http://me:%s@proxy:80"}}
"""
CONTAINERD = """version = 2
[plugins."io.containerd.grpc.v1.cri".registry.configs."r.plant.local".auth]
  username = "robot"
  password = "%s"
  auth = "%s"
  identitytoken = "%s"
"""
DISTRIBUTION = """version: 0.1
storage: {s3: {accesskey: x, secretkey: %s, region: r}}
http: {addr: ":5000", secret: %s}
proxy: {remoteurl: "https://ghcr.io", username: me, password: "%s"}
notifications: {endpoints: [{name: a, url: "https://x.plant.local", headers: {Authorization: ["Bearer %s"]}}]}
redis: {password: %s}
"""
WORKLOAD = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {example.com/token: "%s"}}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      containers:
        - name: web
          image: ghcr.io/acme/web:1
          command: [sh, -c, "run %s"]
          args: ["--password=%s", --token, "%s", --sidecar-image=ghcr.io/acme/side:1, "%s"]
          env:
            - {name: DB_PASSWORD, value: "%s"}
            - name: PLAIN
              value: %s
            - name: FOLDED
              value: >-
                one
                %s
            - {name: PROXY_IMAGE, value: "ghcr.io/acme/proxy:1"}
            - {name: DSN, value: "postgres://me:%s@db/x"}
          livenessProbe: {httpGet: {path: /, port: 80, httpHeaders: [{name: Authorization, value: "Basic %s"}]}}
          lifecycle: {postStart: {exec: {command: [curl, "-u", "me:%s", "http://x"]}}}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
data:
  word: %s
  image: Z2hjci5pby9hY21lL2Zyb20tc2VjcmV0OjE=
stringData:
  word: %s
  many: |
    line one
    %s
  config.yaml: |
    image: ghcr.io/acme/inner:1
    password: %s
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data:
  apiToken: %s
  app.properties: |
    db.password=%s
    image: ghcr.io/acme/cm:1
  url: https://me:%s@host/x
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
spec: {password: "%s", authToken: "%s", pwd: %s, image: "ghcr.io/acme/widget:1"}
"""
VALUES = """image: {repository: ghcr.io/acme/charted, tag: "1"}
adminPassword: %s
auth: {rootPassword: "%s"}
apiToken: %s
smtp:
  pass: %s
  # secret: %s
"""
TEMPLATE = """apiVersion: apps/v1
kind: Deployment
metadata: {name: charted}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      containers:
        - name: charted
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          env:
            - {name: ADMIN, value: "{{ .Values.adminPassword }}"}
            - {name: ROOT_IMAGE_HINT, value: "ghcr.io/acme/hint:1 {{ .Values.auth.rootPassword }}"}
          args: ["{{ .Values.apiToken }}", "literal %s"]
"""
PLAN = """version: 1  # password: %s
name: canaries
pools:
  control:
    platform: linux/amd64
    nodes: 1
    runtime: containerd 2.1.6
    disk: 100GB
    config: [nodes/registries.yaml, nodes/hosts.toml, nodes/daemon.json, nodes/config.toml]
cluster: {distribution: rke2, version: v1.33.5+rke2r1}
images:
  - {list: lists}
  - {ref: "HOST/shop/failing:1"}
  - {ref: "HOST/shop/denied:1"}
  - {ref: "HOST/shop/missing:1"}
  - {ref: "LOCAL/shop/failing:1"}
workloads:
  - {manifests: deploy}
  - {chart: chart, values: [values.yaml]}
  - {chart: packed.tgz}
copy: {tool: skopeo 1.20.0, scripts: [mirror.sh, mirror.ps1], config: [staging.json]}
registry: {host: "r.plant.local:5000", kind: distribution 2.8.2, config: registry.yml}
network: {reachable: ["*.plant.local"]}
waivers:
  - {check: image-unpinned, subject: "*", reason: "ticket 1, password: %s", owner: "me, token=%s", expires: 2099-01-01}
"""
BROKEN = {
    "unknown key": "version: 1\npools: {a: {platform: linux/amd64}}\npassword: %s\n",
    "wrong value": "version: 1\nname: [x]\npools: {a: {platform: 'password=%s'}}\n",
    "not YAML": "version: 1\npassword: %s\n  apiToken: [}\n",
    "credentials in options": "version: 1\npools: {a: {platform: linux/amd64}}\ncopy: {options: ['--dest-creds=me:%s']}\n",
    "login in a reference": "version: 1\npools: {a: {platform: linux/amd64}}\nimages: [{ref: 'me:%s@ghcr.io/a:1'}]\n",
    "login in a host": "version: 1\npools: {a: {platform: linux/amd64}}\nregistry: {host: 'me:%s@r.local'}\n",
}
