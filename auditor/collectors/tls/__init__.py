"""Observe what TLS endpoints serve and accept, without trusting them: certificates are only stored, and no data is sent."""

from auditor.collectors.tls.offered import observe_offered
from auditor.collectors.tls.served_chain import observe_chain

__all__ = ["observe_chain", "observe_offered"]
