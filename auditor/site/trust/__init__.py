"""The view of trust: every endpoint for every client of every pool. Imported only if a plan has endpoints."""

from typing import TYPE_CHECKING

from auditor.lazy import names_in

if TYPE_CHECKING:
    from auditor.pki.verdicts import Incomplete
    from auditor.site.trust.cases import Prospect, needs_windows_update
    from auditor.site.trust.served import Unobserved
    from auditor.site.trust.url_requests import Purpose
else:
    __getattr__ = names_in(
        __name__,
        {
            "auditor.pki.verdicts": ("Incomplete",),
            "auditor.site.trust.cases": ("Prospect", "needs_windows_update"),
            "auditor.site.trust.url_requests": ("Purpose",),
            "auditor.site.trust.served": ("Unobserved",),
        },
    )

__all__ = ["Incomplete", "Prospect", "Purpose", "Unobserved", "needs_windows_update"]
