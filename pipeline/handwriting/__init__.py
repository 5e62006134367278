"""Numbers and days that a form of words leaves to the pen or the stamp: where they stand on a letter's head, and what they are where that is sure."""
