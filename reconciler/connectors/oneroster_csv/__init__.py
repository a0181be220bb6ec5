"""Schools that deliver OneRoster 1.1, 1.2 or School Data Sync 2.1 files into a folder, loose or as a zip."""
