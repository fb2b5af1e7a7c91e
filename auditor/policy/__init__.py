"""Judge: waivers, severities, threshold, verdict and exit code, in this one place."""

from auditor.policy.baseline import Baseline, baseline_of
from auditor.policy.judge import Policy, judge
from auditor.policy.rules import POLICY_RULES

__all__ = ["POLICY_RULES", "Baseline", "Policy", "baseline_of", "judge"]
