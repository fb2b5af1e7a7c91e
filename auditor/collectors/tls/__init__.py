"""What TLS endpoints serve and offer, observed without trusting them: certificates are only kept, and nothing is sent."""

from auditor.collectors.tls.offered import observe_offered
from auditor.collectors.tls.served_chain import observe_chain

__all__ = ["observe_chain", "observe_offered"]
