"""Which image a workload needs, on which OS, and why: Kubernetes manifests and Helm charts."""
