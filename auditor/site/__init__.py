"""Plan, needs and evidence together: everything a check may look at, and the views that several checks share."""

from auditor.site.requirement import Requirement
from auditor.site.site import Site

__all__ = ["Requirement", "Site"]
