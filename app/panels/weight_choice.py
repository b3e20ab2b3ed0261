"""What can be shown of a layer's parameters, and what each of it means."""

CHOICES = {
    "Value": "The weights as they stand at the cursor",
    "Gradient": "The gradient of the loss by each weight",
    "Change": "What this step's update adds to each weight: after − before",
}

SLOTS = {
    "m": "The optimizer's memory after this step: the mean of the gradients, of which the newest weigh most",
    "v": "The optimizer's memory after this step: the mean of the squared gradients, of which the newest weigh most",
    "s": "The optimizer's memory after this step: the sum of all squared gradients",
    "velocity": "The optimizer's memory after this step: the gradients added up, fading by the momentum",
}

BUFFERS = "Running"
"""The choice that shows what a layer keeps beside its parameters."""

BUFFERS_HELP = (
    "The running mean and variance as they stand at the cursor, which evaluation uses. A training step moves them: "
    "(1 − momentum) · running + momentum · that of the batch, the variance of the batch times n / (n − 1)"
)
