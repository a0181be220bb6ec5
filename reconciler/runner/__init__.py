"""The embedded runner: one cycle of what is due, and the loop that wakes for it.

In come lines, blackouts, a ledger behind a port, a clock and one callable a kind, all handed in by `app`; out goes how
each slot ended. A slot is claimed before its run and finished after it, so that a killed process loses none.
"""
