"""Where float models come from: the built-in detector."""
