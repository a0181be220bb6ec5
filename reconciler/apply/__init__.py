"""Walks a plan: all state changes of one plan in one transaction, or none.

In come a plan made from the files as they are now and the state store's port; out goes a new version of the state,
or a refusal or a held plan that names the reason. The journal of outside effects comes with exports.
"""
