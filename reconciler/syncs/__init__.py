"""The data flows, one module a kind: fetch, map, classify, guard, commit.

In come a job cut from the applied estate, a connector session and the feed store's port; out go a change set that is
committed, held or thrown away, and always a transfer entry. Syncs know no supplier and no database.
"""
