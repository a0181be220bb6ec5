"""A school's third-party read service as a real HTTP server: SOAP 1.1 and 1.2, HTTP GET and POST, WSDL, entity filters.

In comes a world and requests over a socket; out go DataSets of the granted entities, or a fault that was asked for.
The public facts are in the project's protocol notes; `catalogue.toml` marks which columns were seen and which are ours.
"""
