"""Compares desired resources with stored state and says what an apply would do: a `Plan`, which is a value.

In come desired resources, the stored state, and the evidence that risky steps stand on; out goes an ordered plan with
a digest, rendered to text, JSON and Markdown, saved and read back. Pure; it never touches a store or a secret.
"""
