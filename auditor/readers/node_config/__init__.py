"""Node configuration: hosts.toml folders, registries.yaml, containerd's config.toml, and their effect on a node.

Files are detected by content, not by name. Nothing is read from disk: the plan holds the files that its pools name.
"""

from typing import TYPE_CHECKING

from auditor.lazy import names_in

if TYPE_CHECKING:
    from auditor.readers.node_config.config import NodeConfig
    from auditor.readers.node_config.model import MirrorRequest, Namespace, Note, Server, Unknown
    from auditor.readers.node_config.pool_config import node_configs, read_node_config
else:
    __getattr__ = names_in(
        __name__,
        {
            "auditor.readers.node_config.config": ("NodeConfig",),
            "auditor.readers.node_config.model": ("MirrorRequest", "Namespace", "Note", "Server", "Unknown"),
            "auditor.readers.node_config.pool_config": ("node_configs", "read_node_config"),
        },
    )

__all__ = ["MirrorRequest", "Namespace", "NodeConfig", "Note", "Server", "Unknown", "node_configs", "read_node_config"]
