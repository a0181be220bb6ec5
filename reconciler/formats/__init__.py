"""Wire formats, decoders and encoders apart; bytes or text in, rows out, and the reverse. Pure."""
