"""Networks: modules as boxes, neurons in columns."""
