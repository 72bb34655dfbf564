"""A synthetic sparse set: the same number of features in every row, at random columns."""

import h5py
import numpy


def columns_of(random, rows, inputs, elements):
    """(rows × elements), ascending and different within a row."""
    columns = numpy.sort(random.integers(0, inputs, (rows, elements), dtype="int32"), axis=1)
    while True:
        repeated = numpy.nonzero((columns[:, 1:] == columns[:, :-1]).any(axis=1))[0]
        if len(repeated) == 0:
            return columns
        columns[repeated] = numpy.sort(random.integers(0, inputs, (len(repeated), elements), dtype="int32"), axis=1)


def write(path, rows=10**6, inputs=10**6, elements=50, seed=1):
    """Classes 0 and 1, drawn from a logistic regression."""
    random = numpy.random.default_rng(seed)
    slopes = random.normal(size=inputs).astype("float32")
    with h5py.File(path, "w") as file:
        group = file.create_group("features")
        group.attrs["shape"] = [rows, inputs]
        group["indptr"] = numpy.arange(rows + 1, dtype="int64") * elements
        indices = group.create_dataset("indices", (rows * elements,), "int32")
        values = group.create_dataset("values", (rows * elements,), "float32")
        targets = file.create_dataset("targets", (rows,), "uint8")
        piece = 1 << 16
        for first in range(0, rows, piece):
            count = min(piece, rows - first)
            columns = columns_of(random, count, inputs, elements)
            numbers = random.normal(size=columns.shape).astype("float32")
            logits = (numbers * slopes[columns]).sum(axis=1) / numpy.sqrt(elements)
            indices[first * elements:(first + count) * elements] = columns.ravel()
            values[first * elements:(first + count) * elements] = numbers.ravel()
            targets[first:first + count] = random.random(count) < 1 / (1 + numpy.exp(-2 * logits))
