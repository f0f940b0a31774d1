"""A federated mean: enough to see that every node's data took part in every round."""
