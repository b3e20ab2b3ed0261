"""Fields generated from the options of layers, losses, optimizers and data sets."""
