"""Where an instance runs: filters -> candidates -> scorers, and the queue in front of them."""
