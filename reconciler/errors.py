"""The one error tree, and the exit codes that the command line answers with.

    ReconcileError                 every error that the program foresees; carries code, message, hint, exit code
    |- InvalidEstate               the files are wrong; carries all the findings
    |- Refused                     the request cannot be met as asked; nothing was changed
    |  |- StalePlan                the plan was made from other files or another state, has expired or was edited
    |  |- LockHeld                 another run writes; names its holder
    |  `- UnknownName              a school, run, address or code that does not exist; suggests the nearest
    |- Held                        a guard, a risk or a missing confirmation: a person must decide (exit 3)
    |- NotPermitted                the actor lacks the role (exit 5)
    |- SecretUnavailable           a reference that cannot be resolved here; never shows a value
    |- StoreError                  the store is missing, foreign, newer than the program or unreachable
    `- SourceError                 a school's system or file misbehaved; other schools go on
       |- TransientSourceError     worth another try: timeout, 429, 5xx, reset, short body
       |- MalformedSourceError     the answer is not what the protocol promises
       `- RefusedSourceError       credentials, grants, TLS or address: no retry

Foreign errors are wrapped at the edge where they occur; only transient ones are ever retried.
"""

from __future__ import annotations

from enum import IntEnum

from reconciler.diagnostics import Diagnostic, Diagnostics, Position, Severity


class ExitCode(IntEnum):
    """What the command line answers; never reused. When several apply: 1, then 4, then 3, then 2."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    HELD = 3
    PARTIAL = 4
    NOT_PERMITTED = 5
    USAGE = 64
    INTERRUPTED = 130


_PRECEDENCE = (ExitCode.INTERRUPTED, ExitCode.USAGE, ExitCode.NOT_PERMITTED, ExitCode.ERROR, ExitCode.PARTIAL,
               ExitCode.HELD, ExitCode.CHANGES, ExitCode.DONE)  # fmt: skip


def worst(*codes: ExitCode) -> ExitCode:
    """The exit code that stands for several: 1, then 4, then 3, then 2."""
    return min(codes, key=_PRECEDENCE.index, default=ExitCode.DONE)


class ReconcileError(Exception):
    """An error that the program foresees: says what, where, why and what to do next."""

    exit_code: ExitCode = ExitCode.ERROR

    def __init__(
        self, code: str, message: str, *, hint: str = "", position: Position | None = None, subject: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.position = position
        self.subject = subject

    @property
    def diagnostics(self) -> Diagnostics:
        """The error as findings, so that it renders like every other."""
        return Diagnostics(
            [
                Diagnostic(code=self.code, message=self.message, severity=Severity.ERROR, hint=self.hint,
                           position=self.position, subject=self.subject)
            ]
        )  # fmt: skip


class InvalidEstate(ReconcileError):
    """The files do not make a valid estate; all findings are carried and shown at once."""

    def __init__(self, findings: Diagnostics) -> None:
        super().__init__("estate.invalid", "the estate is not valid")
        self._findings = findings

    @property
    def diagnostics(self) -> Diagnostics:
        return self._findings


class Refused(ReconcileError):
    """The request cannot be met as asked; nothing was changed."""


class StalePlan(Refused):
    """The plan was made from other files or another state, has expired or was edited."""


class LockHeld(Refused):
    """Another run writes; the message names host, process and start."""


class UnknownName(Refused):
    """A name that does not exist; the hint suggests the nearest."""


class Held(ReconcileError):
    """A person must decide before this goes on; nothing was changed."""

    exit_code = ExitCode.HELD


class NotPermitted(ReconcileError):
    """The actor lacks the role."""

    exit_code = ExitCode.NOT_PERMITTED


class SecretUnavailable(ReconcileError):
    """A reference that cannot be resolved here; never shows a value."""


class StoreError(ReconcileError):
    """The store is missing, foreign, newer than the program or unreachable."""


class SourceError(ReconcileError):
    """A school's system or file misbehaved; other schools go on."""


class TransientSourceError(SourceError):
    """Worth another try. `retry_after` is in seconds, when the source named one."""

    def __init__(self, code: str, message: str, *, hint: str = "", subject: str = "",
                 retry_after: float | None = None) -> None:  # fmt: skip
        super().__init__(code, message, hint=hint, subject=subject)
        self.retry_after = retry_after


class MalformedSourceError(SourceError):
    """The answer is not what the protocol promises."""


class RefusedSourceError(SourceError):
    """Credentials, grants, TLS or address: no retry."""
