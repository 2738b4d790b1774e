"""Doctor: checks the environment, configuration, prices, keys, database and client."""
