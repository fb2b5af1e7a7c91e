"""Plan, needs and evidence combined: the input of all checks, and the views that several checks share."""

from typing import TYPE_CHECKING

from auditor.lazy import names_in
from auditor.site.requirement import Requirement

if TYPE_CHECKING:
    from auditor.site.site import Site
else:
    __getattr__ = names_in(__name__, {"auditor.site.site": ("Site",)})

__all__ = ["Requirement", "Site"]
