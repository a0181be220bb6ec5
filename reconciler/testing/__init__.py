"""What authors of connectors and stores test against: conformance suites, crash points, a PostgreSQL for tests."""
