"""Thin click commands, one file a verb group: parse, call one function of `app`, render, exit."""
