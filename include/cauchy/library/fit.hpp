#pragma once
/// Fits a model of one's own under MPI, by the loop that `cauchy train` runs.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cauchy/communication/communicator.hpp"
#include "cauchy/data/rows.hpp"
#include "cauchy/library/problem.hpp"

namespace cauchy::library {

using data::Rows;
using data::RowValues;

/// Samples that the program has itself. What is left out are the files that data.train, data.validation and data.test
/// name; none of the last two need be there.
struct Data {
  std::optional<Rows> train = {};
  std::optional<Rows> validation = {};
  std::optional<Rows> test = {};
};

/// How training ended; the same on every rank.
struct Fit {
  std::vector<std::vector<double>> parameters;  ///< Θ as in the description, each in row-major order
  std::string stopped_by;                       ///< the criterion, such as "gradient_norm"
  std::uint64_t steps = 0;                      ///< since the start of training
  double nll = 0;                               ///< mean over the last step's batch, as in metrics.csv
  double gradient_norm = 0;                     ///< of the objective, there
  std::string digest;                           ///< of Θ, as `cauchy inspect` prints it
};

/// The ranks that run the program, and its command line: --config FILE, --section.key=value, --resume, --dry-run,
/// --check-gradient, --help.
class Job {
 public:
  struct CommandLine;

  Job(const communication::Communicator& ranks, const CommandLine& line) : ranks_(ranks), line_(line) {}

  const communication::Communicator& ranks() const { return ranks_; }
  /// For what is to happen once, such as printing.
  bool is_root() const { return ranks_.is_root(); }

  /// Collective, with the same arguments on every rank, but that the functions in `data` need to know the rows of the
  /// rank's own shards only. Trains until a criterion of section [stop] holds; writes checkpoints, metrics.csv and the
  /// log of `cauchy train`. `settings`: INI text with the keys of `cauchy train --help`, below a file of --config, the
  /// environment and the command line. Of [model] there are l1, l2 and initial; run.precision is double.
  ///
  /// Does not return, but ends the body of run(), where training is not done: with --check-gradient and --dry-run, and
  /// when it is stopped by a signal. Throws core::Error, which run() tells.
  Fit fit(const Problem& problem, const Data& data, const std::string& settings = "");

 private:
  const communication::Communicator& ranks_;
  const CommandLine& line_;
};

/// For main(): starts MPI, calls `body` on every rank, and returns the exit code, which is one of those of `cauchy
/// train`. What one rank throws ends all of them, with a message.
int run(int argc, char** argv, const std::function<void(Job&)>& body);

}  // namespace cauchy::library
