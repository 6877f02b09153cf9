"""Who the bank's customers are: pseudonymous references, where they bank, what they agreed to."""
