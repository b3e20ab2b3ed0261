"""The network as a row of cards that fill as the tape's cursor passes, and the tape itself."""
