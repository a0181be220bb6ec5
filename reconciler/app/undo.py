"""`sync undo RUN`: an import or an academic import is taken back by its run id, whole, as a run of its own."""

from __future__ import annotations

from reconciler.app.context import new_run_id, opened
from reconciler.app.turns import school_lock
from reconciler.apply.permission import operators_of, require_role
from reconciler.errors import Refused
from reconciler.reports.frame import REHEARSAL, clean
from reconciler.settings import Settings
from reconciler.syncs.undo import Undone, undo_run
from reconciler.transfers.completion import one_line


def undo(settings: Settings, run: str, *, reason: str) -> str:
    """Takes a committed import or academic import back and says what that did, and what comes next.

    Raises NotPermitted without the role approver, UnknownName, LockHeld while the school is being imported, and
    Refused where the run cannot be undone, or not yet.
    """
    if not one_line(reason):
        raise Refused("undo.no_reason", "an undo needs a reason", hint="give --reason; it is kept with the record")
    with opened(settings) as context:
        store = context.store
        require_role(settings.actor, "approver", operators_of(store.state.read_state(), ()), doing="undo")
        school = store.undoing.run_facts(run).school
        with school_lock(context, school, command="sync undo"):
            undone = undo_run(
                store.undoing, run, run=new_run_id(), now=context.now, actor=settings.actor, reason=reason
            )
        mark = REHEARSAL if store.rehearsal else ""
    return mark + clean(undone.entry.message) + "\n" + _next(school, undone)


def _next(school: str, undone: Undone) -> str:
    if undone.academic:
        return (f"The next academic import looks at the whole year again and brings what {school} holds by then: mend "
                f"the source first.\nNext: reconcile sync academic --school {school} --dry-run")  # fmt: skip
    stands = "".join(f"Academic run {run} came after it and stands: reconcile sync undo {run} --reason ...\n"
                     for run in undone.beside)  # fmt: skip
    if undone.first_again:
        return (f"{stands}No student of {school} is live any more, so its next import is a first one, by hand.\n"
                f"Next: mend the source, then: reconcile sync import --school {school} --first")  # fmt: skip
    return (f"{stands}The next import brings what {school} holds by then: mend the source before it runs.\n"
            f"Next: reconcile sync import --school {school} --dry-run")  # fmt: skip
