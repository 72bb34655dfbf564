"""Checkpoints and metrics as a foreign reader sees them, and the mathematics of the model in numpy."""

import csv
import dataclasses
import hashlib
import pathlib
import re

import h5py
import numpy

# Columns of metrics.csv that depend on the clock.
TIMING = ("seconds", "samples_per_second", "data_share", "compute_share", "communication_share", "checkpoint_share")


@dataclasses.dataclass
class Layer:
    weights: numpy.ndarray  # inputs × outputs
    intercepts: numpy.ndarray  # outputs; zeros where the model has none
    has_intercepts: bool


def tensors(path, group="parameters"):
    """Path → array of all tensors under a group, in the order of Θ."""
    with h5py.File(path, "r") as file:
        found = {}

        def note(name, item):
            if isinstance(item, h5py.Dataset):
                found[name] = item

        file[group].visititems(note)
        return {name: found[name][()] for name in sorted(found, key=lambda name: found[name].attrs["index"])}


def digest(path):
    total = hashlib.sha256()
    for values in tensors(path).values():
        total.update(values.tobytes())
    return "sha256:" + total.hexdigest()


def layers(path):
    """The layers of a checkpoint, first to last, in float64."""
    found = {}
    for name, values in tensors(path).items():
        layer, tensor = name.split("/")
        found.setdefault(layer, {})[tensor] = values.astype("float64")
    return [Layer(part["weights"], part.get("intercepts", numpy.zeros(part["weights"].shape[1])), "intercepts" in part)
            for part in found.values()]


def contents(path):
    """Every dataset and attribute of an HDF5 file, as bytes: two files that hold the same give equal dictionaries."""
    found = {}

    def note(name, item):
        for key, value in item.attrs.items():
            found[f"{name}@{key}"] = numpy.asarray(value).tobytes() if not isinstance(value, str) else value
        if isinstance(item, h5py.Dataset):
            value = item[()]
            found[name] = value if isinstance(value, bytes) else numpy.asarray(value).tobytes()

    with h5py.File(path, "r") as file:
        note("/", file)
        file.visititems(note)
    return found


def differences(path, other):
    """What two files do not share, but for why a run ended where one of them was written; "bytes" beside its content."""
    one, two = contents(path), contents(other)
    keys = sorted(key for key in one.keys() | two.keys() if one.get(key) != two.get(key))
    if not keys and pathlib.Path(path).read_bytes() != pathlib.Path(other).read_bytes():
        return ["bytes"]
    return [key for key in keys if key != "/@stop_reason"]


def opened(path):
    return h5py.File(path, "r")


def steps(folder):
    """Those of the checkpoints in a folder, in order; none if it is missing."""
    return sorted(int(path.stem.split("-")[1]) for path in folder.glob("checkpoint-*.h5"))


def _crc64_table():
    """CRC-64/XZ of each byte."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xC96C5795D7870F42 if value & 1 else 0)
        table.append(value)
    return table


CRC64_TABLE = _crc64_table()


def crc64_xz(data):
    value = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        value = value >> 8 ^ CRC64_TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFFFFFFFFFF


def is_whole(path):
    """Whether a file is what the lines in front of it say."""
    data = pathlib.Path(path).read_bytes()
    found = re.match(rb"cauchy [a-z ]+, format \d+, length (\d{20}), table at \d{20}, crc64-xz ([0-9a-f]{16})\n\0*$",
                     data[:256])
    return bool(found and data[256:512] == data[:256] and int(found[1]) == len(data) and
                int(found[2], 16) == crc64_xz(data[512:]))


def checkpoint(folder, step):
    return pathlib.Path(folder) / f"checkpoint-{step:08}.h5"


def metrics(folder):
    """Rows of metrics.csv as dictionaries of text."""
    with open(pathlib.Path(folder) / "metrics.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def untimed(rows):
    return [{name: cell for name, cell in row.items() if name not in TIMING} for row in rows]


def read_data(path):
    with h5py.File(path, "r") as file:
        return file["features"][()].astype("float64"), file["targets"][()]


def standardized(features):
    """Mean 0 and variance 1 of each column; constant columns become 0."""
    deviation = features.std(axis=0)
    return (features - features.mean(axis=0)) / numpy.where(deviation == 0, 1, deviation)


def forward(network, features, activation=numpy.tanh):
    """Inputs of each layer, and the outputs of the last."""
    values = [features]
    for number, layer in enumerate(network):
        outputs = values[-1] @ layer.weights + layer.intercepts
        values.append(outputs if number + 1 == len(network) else activation(outputs))
    return values


def log_probabilities(outputs):
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    return shifted - numpy.log(numpy.exp(shifted).sum(axis=1, keepdims=True))


def categorical_nll(network, features, targets, activation=numpy.tanh):
    """Mean NLL in nats."""
    outputs = forward(network, features, activation)[-1]
    return -log_probabilities(outputs)[numpy.arange(len(targets)), targets].mean()


def gaussian_nll(network, features, targets, activation=numpy.tanh):
    residuals = forward(network, features, activation)[-1] - targets
    return (0.5 * (residuals**2).sum(axis=1) + 0.5 * targets.shape[1] * numpy.log(2 * numpy.pi)).mean()


def penalty(network, l2):
    return l2 / 2 * sum((layer.weights**2).sum() for layer in network)


def gradient(network, features, targets, likelihood, l2=0.0):
    """∇ of mean NLL + penalty of a tanh network, as layers."""
    values = forward(network, features)
    if likelihood == "categorical":
        derivative = numpy.exp(log_probabilities(values[-1]))
        derivative[numpy.arange(len(targets)), targets] -= 1
    else:
        derivative = values[-1] - targets
    derivative /= len(features)
    result = []
    for number in reversed(range(len(network))):
        layer = network[number]
        result.append(Layer(values[number].T @ derivative + l2 * layer.weights, derivative.sum(axis=0),
                            layer.has_intercepts))
        if number > 0:
            derivative = (derivative @ layer.weights.T) * (1 - values[number] ** 2)
    return result[::-1]


def norm(gradient_layers):
    squares = sum((layer.weights**2).sum() + layer.has_intercepts * (layer.intercepts**2).sum()
                  for layer in gradient_layers)
    return float(numpy.sqrt(squares))
