"""Lies: servers that are right but for one thing, as rows; `caught_by` in a suite names them.

Each row is the honest `RULES` with one field replaced.  It proves that the case about that thing
can fail; so a lie must leave everything else right, the textbook dialogue too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reference_server.lies.announced import ANNOUNCED
from reference_server.lies.attacks import ATTACKS
from reference_server.lies.authentication import AUTHENTICATION
from reference_server.lies.chunking import CHUNKING
from reference_server.lies.conduct import CONDUCT
from reference_server.lies.core import CORE
from reference_server.lies.eight_bit import EIGHT_BIT
from reference_server.lies.ends import ENDS
from reference_server.lies.framing import FRAMING
from reference_server.lies.hellos import HELLOS
from reference_server.lies.lines import LINES
from reference_server.lies.lists import LISTS
from reference_server.lies.mechanisms import LYING_MECHANISMS
from reference_server.lies.model import Lie
from reference_server.lies.paths import PATHS
from reference_server.lies.replies import REPLIES
from reference_server.lies.scram import LYING_SCRAM
from reference_server.lies.security import SECURITY
from reference_server.lies.services import SERVICES
from reference_server.lies.sizes import SIZES
from reference_server.lies.status import STATUS
from reference_server.lies.texts import TEXTS
from reference_server.lies.tracing import TRACING
from reference_server.lies.verification import VERIFICATION

__all__ = ["LIES", "Lie"]

LIES: Final[Mapping[str, Lie]] = {
    **CORE,
    **ENDS,
    **CHUNKING,
    **EIGHT_BIT,
    **STATUS,
    **SERVICES,
    **ANNOUNCED,
    **AUTHENTICATION,
    **LYING_MECHANISMS,
    **LYING_SCRAM,
    **FRAMING,
    **SECURITY,
    **VERIFICATION,
    **REPLIES,
    **LINES,
    **CONDUCT,
    **HELLOS,
    **LISTS,
    **PATHS,
    **TEXTS,
    **ATTACKS,
    **TRACING,
    **SIZES,
}
