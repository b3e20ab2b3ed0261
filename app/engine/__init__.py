"""Training that goes on by itself, behind one interface, wherever it runs."""
