"""How the shipped recogniser and language model are made. Nobody who only runs Sohoa needs this."""
