"""Guards stand between the flow and the clients: retries, deadlines, budgets, caps."""
