"""Averages what the sites send. Each round and the result are one line of JSON in the run's log."""

import json

from flwr.app import ArrayRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

from regression.task import first_model

app = ServerApp()


def say(what: str, content: dict) -> None:
    print(what, json.dumps(content), flush=True)


class Told(FedAvg):
    """Says after each round who took part in it. Node ids exceed what JSON's numbers hold everywhere: they are text."""

    def aggregate_train(self, server_round, replies):
        replies = list(replies)
        arrays, metrics = super().aggregate_train(server_round, replies)
        nodes = sorted(str(reply.metadata.src_node_id) for reply in replies if not reply.has_error())
        say("ROUND", {"round": server_round, "nodes": nodes, "loss": metrics["loss"] if metrics else None})
        return arrays, metrics


@app.main()
def main(grid: Grid, context: Context) -> None:
    config = context.run_config
    strategy = Told(
        fraction_train=1.0,
        fraction_evaluate=0.0,
        min_train_nodes=int(config["answers"]),
        min_available_nodes=int(config["nodes"]),
    )
    first = ArrayRecord([first_model()])
    result = strategy.start(grid=grid, initial_arrays=first, num_rounds=int(config["num-server-rounds"]))
    [model] = result.arrays.to_numpy_ndarrays()
    say("RESULT", {"model": model.tolist()})
