"""Judge: waivers, severities, threshold, verdict and exit code, in this one place."""

from auditor.policy.judge import Policy, judge
from auditor.policy.rules import POLICY_RULES

__all__ = ["POLICY_RULES", "Policy", "judge"]
