"""Enhanced status codes in replies (RFC 2034)."""

from __future__ import annotations

from harness.protocol.extensions.model import Extension

ENHANCED_STATUS_CODES = Extension(keyword="ENHANCEDSTATUSCODES", rfc=2034)
