"""What customers said: deliveries, interactions, their scores, and what the pipeline read in them."""
