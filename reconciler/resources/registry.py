"""Every kind of resource, in the order in which a reader meets them: one line each.

A kind is a module with `KIND` and `desired(estate)`; a new one is a new module and a new line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reconciler.estate.model import Estate
from reconciler.resources import (
    blackouts,
    calendar,
    choices,
    class_assignments,
    entity_grant,
    expected_changes,
    expected_drift,
    import_strategy,
    inbound,
    lawful_basis,
    manual_group,
    manual_members,
    operator,
    organisation,
    partner,
    period_map,
    period_structure,
    recipient,
    report,
    retention,
    school,
    third_party,
    virtual_school,
)
from reconciler.resources.resource import Resource

Desired = Callable[[Estate], Iterable[Resource]]

KINDS: dict[str, Desired] = {
    organisation.KIND: organisation.desired,
    operator.KIND: operator.desired,
    calendar.KIND: calendar.desired,
    period_structure.KIND: period_structure.desired,
    virtual_school.KIND: virtual_school.desired,
    school.KIND: school.desired,
    blackouts.KIND: blackouts.desired,
    partner.KIND: partner.desired,
    period_map.KIND: period_map.desired,
    class_assignments.KIND: class_assignments.desired,
    recipient.KIND: recipient.desired,
    lawful_basis.KIND: lawful_basis.desired,
    import_strategy.KIND: import_strategy.desired,
    third_party.KIND: third_party.desired,
    entity_grant.KIND: entity_grant.desired,
    inbound.KIND: inbound.desired,
    retention.KIND: retention.desired,
    report.KIND: report.desired,
    choices.KIND: choices.desired,
    manual_members.KIND: manual_members.desired,
    manual_group.KIND: manual_group.desired,
    expected_drift.KIND: expected_drift.desired,
    expected_changes.KIND: expected_changes.desired,
}


def desired(estate: Estate) -> list[Resource]:
    """Every resource that the estate declares, by kind and then by address: the same whatever the files' order."""
    return [
        resource
        for resources in KINDS.values()
        for resource in sorted(resources(estate), key=lambda resource: resource.address)
    ]
