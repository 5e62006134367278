"""Ground floor: files -> pages -> words -> documents -> PDF/A. Knows no service, no Prefect, no database."""
