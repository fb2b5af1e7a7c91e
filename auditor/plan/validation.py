"""The loading steps that need the schema. Its models take most of the time of a short run, so plans of only lists skip them."""

from typing import TYPE_CHECKING

from auditor.lazy import names_in

if TYPE_CHECKING:
    from auditor.plan.validated import plan_in, waivers_in
else:
    __getattr__ = names_in(__name__, {"auditor.plan.validated": ("plan_in", "waivers_in")})

__all__ = ["plan_in", "waivers_in"]
