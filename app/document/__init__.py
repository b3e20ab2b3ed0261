"""What is open in the window, without the window: choices, data, weights, the tape and the way back."""
