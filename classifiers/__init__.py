"""Middle floor: what kind of paper it is, what it says, which dossier it belongs to."""
