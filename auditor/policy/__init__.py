"""The policy: waivers, severities, threshold, verdict and exit code."""

from typing import TYPE_CHECKING

from auditor.lazy import names_in

if TYPE_CHECKING:
    from auditor.policy.baseline import Baseline, baseline_of
    from auditor.policy.judging import Policy, judge
    from auditor.policy.rules import POLICY_RULES
else:
    __getattr__ = names_in(
        __name__,
        {
            "auditor.policy.baseline": ("Baseline", "baseline_of"),
            "auditor.policy.judging": ("Policy", "judge"),
            "auditor.policy.rules": ("POLICY_RULES",),
        },
    )

__all__ = ["POLICY_RULES", "Baseline", "Policy", "baseline_of", "judge"]
