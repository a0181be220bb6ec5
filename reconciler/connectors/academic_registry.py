"""Every connector that academic data can be read through, by the name that `connector:` gives it in the estate."""

from __future__ import annotations

from reconciler.connectors.academic_protocol import AcademicConnectors
from reconciler.connectors.bromcom.academic import BromcomAcademicConnector

ACADEMIC_CONNECTORS: AcademicConnectors = {"bromcom": BromcomAcademicConnector()}
