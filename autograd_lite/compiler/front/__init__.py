"""What users call: `vectorize`, its versions, and how they are compared with the function."""
