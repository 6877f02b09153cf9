"""The systems that our model is compared with, and the model itself: each in its own process, on the same rows."""
