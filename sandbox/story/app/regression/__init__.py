"""A linear regression with NumPy: small enough to be computed again in one place, exactly."""
