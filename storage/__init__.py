"""Middle floor: objects, catalogue and search index."""
