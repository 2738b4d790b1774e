"""The doctor: checks of environment, configuration, prices, keys, database and client."""
