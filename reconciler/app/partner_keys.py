"""A partner's Data Exchange Key, proven before anything flows with it (VS, rules 21, 27, 28 and 31)."""

from __future__ import annotations

import hmac

from reconciler.app.applied import of_kind
from reconciler.app.context import Context
from reconciler.errors import SecretUnavailable
from reconciler.plan.state import AttachmentStatus, StoredState
from reconciler.secrets.references import Secret, fingerprint


def proven_key(context: Context, state: StoredState, school: str) -> Secret:
    """The key that the applied estate names for a partner, which is the one that it was attached with.

    Raises SecretUnavailable: the reference cannot be resolved here, or gives another key (`sync.key_mismatch`).
    """
    secret = context.secret(of_kind(state, "partner")[school]["data_exchange_key"])
    attached = next(
        (a.fingerprint for a in state.attachments if a.school == school and a.status is AttachmentStatus.LIVE), ""
    )
    if not hmac.compare_digest(fingerprint(secret, context.store.state.plan_key()), attached):
        raise SecretUnavailable(
            "sync.key_mismatch",
            f"the Data Exchange Key of {school} that resolves here is not the one that it was attached with",
            hint="set the right key, or declare the new one with `replaces:`, plan and apply",
        )
    return secret
