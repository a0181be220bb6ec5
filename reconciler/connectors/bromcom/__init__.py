"""Schools on Bromcom, read through the third-party SOAP service (`protocols.md` 1)."""
