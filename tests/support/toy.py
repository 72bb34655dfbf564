"""Small data files."""

import h5py
import numpy


def write(path, features, targets, names=("features", "targets")):
    with h5py.File(path, "w") as file:
        file[names[0]] = features
        file[names[1]] = targets


def write_sparse(path, features, targets, index="int32"):
    """CSR in a group, of the numbers that are not 0; `features` a dense matrix."""
    with h5py.File(path, "w") as file:
        kept = features != 0
        group = file.create_group("features")
        group.attrs["shape"] = numpy.array(features.shape, dtype="int64")
        group["indptr"] = numpy.concatenate([[0], numpy.cumsum(kept.sum(axis=1))]).astype(index)
        group["indices"] = numpy.nonzero(kept)[1].astype(index)
        group["values"] = features[kept]
        file["targets"] = targets


def sparse(rows, inputs=60, classes=2, seed=0):
    """Features of which about one in ten is not 0, and noisy classes that depend on them. The first tenth of the rows
    and one column, 7, are empty."""
    random = numpy.random.default_rng(seed)
    features = random.normal(size=(rows, inputs)) * (random.random((rows, inputs)) < 0.1)
    features[:rows // 10] = 0
    features[:, 7] = 0
    slopes = numpy.random.default_rng(1000).normal(size=(inputs, classes))
    targets = numpy.argmax(features @ slopes + 0.3 * random.normal(size=(rows, classes)), axis=1)
    return features.astype("float32"), targets.astype("int32")


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
