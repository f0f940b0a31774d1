"""The same computation without a federation: `python -m regression.in_one_place ROUNDS DATA…` prints the model.

DATA is the id of a node that makes its data up, or the folder of data that was attached to one.
"""

import json
import sys

import numpy as np

from regression.task import attached, data_of, first_model, work


def main() -> None:
    rounds, *sources = sys.argv[1:]
    data = [data_of(int(source)) if source.isdigit() else attached(source) for source in sources]
    model = first_model()
    for _ in range(int(rounds)):
        model = np.average([work(model, *own) for own in data], axis=0, weights=[len(targets) for _, targets in data])
    print(json.dumps(model.tolist()))


main()
