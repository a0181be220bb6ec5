"""Names of feeds: what flows from schools is kept apart by where it flows to; the Virtual School's own is `hub`."""

HUB = "hub"
