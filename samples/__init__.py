"""Sample dossiers: scans that look like an office scanner's, with exact truth, drawn from templates and a seed."""
