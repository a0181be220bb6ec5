"""Every rule over an import, one line each."""

from __future__ import annotations

from reconciler.issues.entity_refused import EntityRefused
from reconciler.issues.guard_held import DuplicateKey, MassDrop, MassGain, NotMovedUp, OtherSchool
from reconciler.issues.id_clash import AdmissionClash, StaffClash, TutorGroupClash, TypeClash, UpnClash
from reconciler.issues.incomplete_fetch import IncompleteFetch
from reconciler.issues.invalid_upn import InvalidUpn
from reconciler.issues.no_teacher import NoTeacher
from reconciler.issues.not_outplaced import NotOutplaced
from reconciler.issues.periods import SlotUnreached, UnmappedPartner
from reconciler.issues.replacement_char import ReplacementChar
from reconciler.issues.row_rejected import RowRejected
from reconciler.issues.rule import Rule
from reconciler.issues.source_failed import SourceFailed
from reconciler.issues.unknown_status import UnknownStatus

IMPORT_RULES: tuple[type[Rule], ...] = (
    AdmissionClash,
    DuplicateKey,
    EntityRefused,
    IncompleteFetch,
    InvalidUpn,
    MassDrop,
    MassGain,
    NoTeacher,
    NotMovedUp,
    NotOutplaced,
    OtherSchool,
    ReplacementChar,
    RowRejected,
    SlotUnreached,
    SourceFailed,
    StaffClash,
    TutorGroupClash,
    TypeClash,
    UnknownStatus,
    UnmappedPartner,
    UpnClash,
)
