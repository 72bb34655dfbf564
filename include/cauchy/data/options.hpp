#pragma once
/// What the user decides about the data: section [data].

#include <cstdint>
#include <string>

#include "cauchy/core/option.hpp"

namespace cauchy::data {

/// How files of text and others are to be read.
struct ReadingOptions {
  static constexpr std::uint64_t automatic_base = 2;

  std::string format = "auto";
  std::uint64_t context = 16;
  std::string header = "auto";
  std::string exclude;
  std::string categorical;
  std::string categories = "onehot";
  std::string missing = "error";
  std::string target_type = "auto";
  std::uint64_t inputs = 0;  ///< 0: as many as the training data show
  std::uint64_t index_base = automatic_base;
  std::string train_labels;
  std::string validation_labels;
  std::string test_labels;

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("format", format, core::one_of({"auto", "hdf5", "csv", "tsv", "table", "libsvm", "idx", "bytes"}),
           Role::data,
           "of the data files; table: columns between blanks; bytes: of a text, each of which is predicted from those "
           "before it; auto: by name and contents, never bytes");
    option("context", context, core::between(1, 1 << 16), Role::problem,
           "with data.format = bytes: how many bytes before it a byte is predicted from");
    option("header", header, core::one_of({"auto", "true", "false"}), Role::data,
           "whether the first line of a table has names; auto: if none of its fields is a number");
    option("exclude", exclude, core::anything(), Role::data,
           "columns of a table, by name or number from 1, that are neither features nor targets");
    option("categorical", categorical, core::anything(), Role::data,
           "columns of a table that hold categories, although as numbers; columns of text do by themselves");
    option("categories", categories, core::one_of({"onehot", "embedded"}), Role::data,
           "what a column of categories becomes: an input for each category, 1 or 0; or one token, which "
           "model.embedding makes a vector of parameters");
    option("missing", missing, core::one_of({"error", "mean", "drop"}), Role::data,
           "missing values in a table (nothing, NA, N/A, null, ?): an error; the mean of the training data; or their "
           "rows are left out");
    option("target_type", target_type, core::one_of({"auto", "number", "class"}), Role::data,
           "of text files; class: the different targets, in order, are the classes 0, 1, ...; auto: so it is with "
           "texts, and with -1 and 1");
    option("inputs", inputs, core::between(1, 4294967296.0).or_word("auto", 0), Role::data,
           "features of LIBSVM data; auto: the largest index of the training data");
    option("index_base", index_base, core::between(0, 1).or_word("auto", automatic_base), Role::data,
           "index of the first feature in LIBSVM data; auto: 0 if the training data have a 0, else 1");
    option("train_labels", train_labels, core::anything(), Role::data,
           "IDX file of the labels of data.train; by itself the one beside it, train-labels-idx1-ubyte of "
           "train-images-idx3-ubyte");
    option("validation_labels", validation_labels, core::anything(), Role::data, "the same of data.validation");
    option("test_labels", test_labels, core::anything(), Role::data, "the same of data.test");
  }
};

struct DataOptions {
  std::string train;
  std::string validation;
  std::string test;
  std::string features = "features";
  std::string targets = "targets";
  double validation_fraction = 0;  ///< of the rows of `train`; 0: they all train
  std::string split = "random";
  std::string weights;
  std::string exposure;
  bool standardize = false;
  bool standardize_targets = false;
  std::uint64_t shards = 0;          ///< V; 0: ranks × threads of the first launch
  std::uint64_t microbatch = 0;      ///< samples that pass through the model at once; 0: see rows_of_a_pass()
  std::uint64_t block_rows = 16384;  ///< rows that are shuffled among each other
  std::string memory = "unlimited";  ///< for the samples of a rank

  bool validates() const { return !validation.empty() || validation_fraction > 0; }
  std::uint64_t rows_of_a_pass() const { return microbatch > 0 ? microbatch : 512; }

  template <typename Visitor>
  void visit(Visitor&& option) {
    using core::Role;
    option("train", train, core::anything(), Role::data,
           "training data: HDF5, CSV, TSV, a table between blanks, LIBSVM or IDX, all but HDF5 plain or gzipped; "
           "several files of text, or a pattern such as part-*.csv, are one data set");
    option("validation", validation, core::anything(), Role::data, "data that are evaluated after each epoch");
    option("test", test, core::anything(), Role::data, "data that are evaluated after the last step");
    option("features", features, core::anything(), Role::data,
           "name of the dataset of features, samples × inputs, or of several, between commas, which stand side by "
           "side; of a table, names or numbers of columns, by itself all that are left");
    option("targets", targets, core::anything(), Role::data,
           "the same of targets, samples or samples × k; of a table by itself the last column");
    option("validation_fraction", validation_fraction, core::between(0, 1), Role::problem,
           "part of the rows of data.train that validates instead, by data.split; 0: none");
    option("split", split, core::one_of({"random", "position"}), Role::problem,
           "which rows validate: each by a draw from (run.seed, row), or the last ones, as for a time series");
    option(
        "weights", weights, core::anything(), Role::data,
        "name of the dataset, or column, of weights, one a sample, nonnegative: a sample counts as often; empty: once "
        "each");
    option("exposure", exposure, core::anything(), Role::data,
           "name of the dataset, or column, of exposures, one a sample, positive, to which the means of counts are "
           "proportional "
           "(poisson, negative_binomial); empty: 1 each");
    option("standardize", standardize, core::anything(), Role::problem,
           "shift and scale each feature to mean 0 and variance 1 over the training data");
    option("standardize_targets", standardize_targets, core::anything(), Role::problem,
           "let the model work with targets of mean 0 and variance 1 over the training data, for likelihoods of "
           "measurements; NLL, metrics and predictions stay in the units of the targets");
    option("shards", shards, core::between(1, 1 << 20).or_word("auto", 0), Role::problem,
           "V, the parts that the training data are cut in, a part of the problem: ranks × threads may not exceed it; "
           "auto: ranks × threads at the first launch");
    option("microbatch", microbatch, core::between(1, 1 << 24).or_word("auto", 0), Role::problem,
           "samples of a shard that pass through the model at once; auto: 512, and in the training of models without "
           "hidden layers on sparse features as many as have four million outputs");
    option("block_rows", block_rows, core::between(1, 4e9), Role::problem,
           "rows that are shuffled among each other; blocks are shuffled too");
    option("memory", memory, core::memory_limit(), Role::run,
           "for the samples of a rank; a share: of its machine's memory, which the ranks there divide. Samples that do "
           "not fit are read from HDF5 while training goes on, two blocks of data.block_rows for each shard of a rank; "
           "the result is the same to the last bit");
  }
};

}  // namespace cauchy::data
