"""Observe what TLS endpoints serve and accept, without trusting them.

Certificates are only stored, and no data is sent, with one exception: an endpoint that asks for a client certificate gets one
request without credentials, because many refuse only then.
"""

from auditor.collectors.tls.handshakes import observe_handshakes, with_handshakes
from auditor.collectors.tls.offered import observe_offered
from auditor.collectors.tls.served_chain import observe_chain

__all__ = ["observe_chain", "observe_handshakes", "observe_offered", "with_handshakes"]
