"""Small data files."""

import h5py
import numpy


def write(path, features, targets, names=("features", "targets")):
    with h5py.File(path, "w") as file:
        file[names[0]] = features
        file[names[1]] = targets


def categorical(path, rows, inputs=5, classes=3, seed=0):
    """Noisy classes around random centres. Every class occurs."""
    random = numpy.random.default_rng(seed)
    targets = numpy.arange(rows) % classes
    centres = numpy.random.default_rng(1000).normal(size=(classes, inputs))
    features = centres[targets] + random.normal(size=(rows, inputs))
    # Float32, so that float and double runs read the same numbers.
    write(path, (3 * features + 1).astype("float32"), targets.astype("int32"))


def gaussian(path, rows, inputs=5, columns=2, seed=0):
    """A noisy linear relation."""
    random = numpy.random.default_rng(seed)
    features = random.normal(size=(rows, inputs)).astype("float32")
    slopes = numpy.random.default_rng(1000).normal(size=(inputs, columns))
    targets = features @ slopes + 0.1 * random.normal(size=(rows, columns))
    write(path, features, targets.astype("float32"))
