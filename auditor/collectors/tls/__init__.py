"""What TLS endpoints serve and offer, observed without trusting them: certificates are only kept, and nothing is sent."""

from auditor.collectors.tls.chain import observe_chain
from auditor.collectors.tls.offered import observe_offered

__all__ = ["observe_chain", "observe_offered"]
