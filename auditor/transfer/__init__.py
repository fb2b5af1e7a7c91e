"""What copy tools, archives, registries and runtimes do to an image on each hop. No I/O."""

from typing import TYPE_CHECKING

from auditor.lazy import names_in

if TYPE_CHECKING:
    from auditor.transfer.copy_digests import known_options
    from auditor.transfer.registries import RegistryUrls, registry_row
else:
    __getattr__ = names_in(
        __name__,
        {
            "auditor.transfer.copy_digests": ("known_options",),
            "auditor.transfer.registries": ("RegistryUrls", "registry_row"),
        },
    )

__all__ = ["RegistryUrls", "known_options", "registry_row"]
