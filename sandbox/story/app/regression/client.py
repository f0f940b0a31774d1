"""What runs beside each site's data."""

import time

from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from regression.task import attached, data_of, loss, work

app = ClientApp()


@app.train()
def train(message: Message, context: Context) -> Message:
    if context.run_config["probe"] and message.content["config"]["server-round"] == 1:
        from regression.probe import probe  # knows what is internal to one release of Flower

        probe(str(context.run_config["probe"]))
    [model] = message.content["arrays"].to_numpy_ndarrays()
    inputs, targets = attached(context.node_config.get("data-path")) or data_of(context.node_id)
    time.sleep(float(context.run_config["seconds"]))
    metrics = MetricRecord({"num-examples": len(inputs), "loss": loss(model, inputs, targets)})
    content = RecordDict({"arrays": ArrayRecord([work(model, inputs, targets)]), "metrics": metrics})
    return Message(content, reply_to=message)
