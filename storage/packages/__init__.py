"""Packages in which dossiers leave the archive and come back: SIP by TT 05/2025/TT-BNV inside a BagIt bag."""
