"""What a school does at its MIS and at ParentPay for one account (PP, rules 71, 79 to 82, 85, 86, 91 and 94 to 99).

Our program cannot do these steps: the guidance is written from what the estate declares. Secrets are references.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.reports.frame import document
from reconciler.reports.sheet import Fact, Section, Step

Spec = Mapping[str, Any]
KIND = "parentpay"
SUBJECT = "Request for Bromcom integration with ParentPay for uploads"
_STREAMS = {"pupils": "Pupil", "staff": "Staff", "pre_admissions": "Preadmission"}
_EXISTING = {"staff": "staff", "pre_admissions": "pre-admission"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account with what it stands on; `entities` are granted, `asked` are those of the supplier's own list."""

    name: str
    spec: Spec
    mis: Spec
    recipient: Spec
    basis: Spec
    entities: tuple[str, ...]
    asked: tuple[str, ...]


def reference(secret: object) -> str:
    """The name of a secret's reference, `env:ELM_PP_PASSWORD`; of a command only that it is one. Never a value."""
    if isinstance(secret, Mapping):
        for kind, name in sorted(secret.items()):
            if kind != "replaces":
                return f"{kind}:{name}" if isinstance(name, str) else f"{kind}: a command at the hub"
    return "not declared"


def missing(account: Account) -> Iterator[str]:
    """What must be declared before the request can be sent."""
    spec, onboarding = account.spec, account.spec.get("onboarding")
    if onboarding is None:
        yield f"{account.name}: declare onboarding: new or migrating, since the request goes to another place"
    if onboarding == "migrating" and not spec.get("manager_contact"):
        yield f"{account.name}: declare manager_contact; the request must come from an existing manager account"
    if onboarding == "migrating" and not account.recipient.get("support_mail"):
        yield f"{account.name}: declare support_mail of its recipient; the request goes there"


def section(account: Account) -> Section:
    """The account's guidance, by the steps of the supplier's guide."""
    return Section(
        key=f"account-{account.name}", title=f"{account.recipient.get('name', 'ParentPay')}: account {account.name}",
        intro="The numbers are those of the Bromcom guide for third-party access that ParentPay refers to. What is to "
        "be entered comes from the estate.",
        steps=(
            _before(account), _web_service(account), _entities(account), _STEP_8, _sharing(account),
            *([_each_record(account)] if _by_consent(account) else []), _request(account), _afterwards(account),
        ),
    )  # fmt: skip


_STEP_8 = Step(
    label="Step 8", title="Skip this step",
    text=("Step 8 of the guide is not required for ParentPay: go on with step 9.",),
)  # fmt: skip


def _by_consent(account: Account) -> bool:
    return bool(account.basis.get("sharing_mode") == "per_record_consent")


def _streams(account: Account) -> list[str]:
    """The declared streams, in the order of ParentPay's own form."""
    return [stream for stream in _STREAMS if stream in account.spec.get("streams", ())]


def _before(account: Account) -> Step:
    groups = account.spec.get("ufsm_year_groups") or ()
    text = ["The school's MIS must be Bromcom."]
    if groups:
        text.append(
            "For Universal Free School Meals these year groups must have exactly these codes in the MIS: "
            + ", ".join(str(group) for group in groups)
            + " (R for Reception, 1 for Year 1). With any other value entitled pupils are charged for their meals."
        )
    return Step(label="Before", title="Check what must be so", text=tuple(text))


def _web_service(account: Account) -> Step:
    credentials = account.spec["credentials"]
    return Step(
        label="Steps 1 to 5", title="Make the web-service account",
        text=("Keep the password where the reference says. It is never written on a sheet or in an e-mail.",),
        facts=(
            Fact("Username", str(credentials["username"])),
            Fact("Password", f"reference {reference(credentials.get('password'))}"),
        ),
    )  # fmt: skip


def _entities(account: Account) -> Step:
    """The ticks, with what differs from the supplier's list and why (rules 80 to 82)."""
    grants = account.spec.get("grants") or {}
    reasons = {**(grants.get("without") or {}), **(grants.get("with") or {})}
    general = str(grants.get("deviation_reason") or "no reason is declared")
    facts = [
        Fact("Third-Party Account", str(account.spec["mis_account_name"])),
        Fact(f"API entities to tick ({len(account.entities)})", ", ".join(account.entities)),
    ]
    facts += [Fact("Leave unticked on purpose", f"{name}: {reasons.get(name, general)}")
              for name in account.asked if name not in account.entities]  # fmt: skip
    facts += [Fact("Ticked beyond ParentPay's list", f"{name}: {reasons.get(name, general)}")
              for name in account.entities if name not in account.asked]  # fmt: skip
    return Step(label="Steps 6 and 7", title="Name the account and tick the entities",
                text=("Spell the name exactly so, tick these entities and no others, then save once.",),
                facts=tuple(facts))  # fmt: skip


def _sharing(account: Account) -> Step:
    """The switch of the MIS, kept apart from why the sharing is lawful (rule 86)."""
    recorded = str(account.basis.get("lawful_basis", "")).replace("_", " ")
    if _by_consent(account):
        setting, effect = "Consent", "Each record must then be enabled one by one, in steps 11 to 16."
    else:
        setting, effect = (
            "Legitimate interest",
            "All pupil and staff records are shared; steps 11 to 16 are not needed.",
        )
    return Step(
        label="Steps 9 and 10", title="Set the lawful basis for data processing",
        text=(effect, f"This setting is a switch of the MIS. The lawful basis that is recorded is {recorded}."),
        facts=(Fact("Lawful basis for data processing", setting),),
    )  # fmt: skip


def _each_record(account: Account) -> Step:
    whom = " and ".join(words for stream, words in (("pupils", "pupil"), ("staff", "member of staff"),
                                                    ("pre_admissions", "pre-admission pupil"))
                        if stream in _streams(account))  # fmt: skip
    return Step(
        label="Steps 11 to 16", title="Enable each person",
        text=(
            f"For each {whom} to be shared, tick: Data processing consent has been granted.",
            "Tick it only where consent was given. Whoever is not ticked is not available in ParentPay.",
        ),
    )  # fmt: skip


def _request(account: Account) -> Step:
    spec, support = account.spec, account.recipient.get("support_mail") or "the support address of ParentPay"
    migrating = spec.get("onboarding") == "migrating"
    to = {
        "new": "reply to the welcome e-mail of ParentPay",
        "migrating": str(support),
    }.get(str(spec.get("onboarding")), f"reply to the welcome e-mail while the school is in set-up; later {support}")
    credentials = spec["credentials"]
    letter = document(
        "parentpay-request.txt.j2", to=to, subject=SUBJECT, sender=_sender(spec) if migrating else "",
        streams="/".join(_STREAMS[stream] for stream in _streams(account)), matched=_matched(account),
        username=credentials["username"], password=reference(credentials.get("password")),
        org_id=credentials.get("org_id") or account.mis.get("school_id") or "not declared",
        mis_url=credentials.get("mis_url") or account.mis.get("url") or "not declared",
    )  # fmt: skip
    text = ["Send this as it is. The password goes by the route that school and ParentPay agree on, never by e-mail."]
    if migrating:
        text.append("Send it from an existing ParentPay manager account, or it will not be accepted.")
    return Step(label="Then", title="Ask ParentPay for the integration", text=tuple(text), letter=letter)


def _sender(spec: Spec) -> str:
    return str(spec.get("manager_contact") or "an existing ParentPay manager account (manager_contact is not declared)")


def _matched(account: Account) -> str:
    """Whose data ParentPay holds already, of the streams in use: `staff and pre-admission` (rules 96 and 98)."""
    existing = account.spec.get("existing_data") or {}
    held: Sequence[str] = [_EXISTING[s] for s in _streams(account) if s in _EXISTING and existing.get(s)]
    return " and ".join(held)


def _afterwards(account: Account) -> Step:
    return Step(
        label="Last", title="Check what ParentPay sets",
        text=(
            "ParentPay then tries a first upload of pupils, and answers with its results or with what to mend.",
            *([f"Uploads of {_matched(account)} records wait until the matching exercise is done."]
              if _matched(account) else []),
        ),
        facts=(
            Fact("MIS system", "Bromcom"), Fact("Upload source", "Bromcom"),
            Fact("Upload options", "/".join(_STREAMS[stream] for stream in _streams(account))),
            Fact("Change password", "ticked"),
        ),
    )  # fmt: skip
