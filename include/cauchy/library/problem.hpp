#pragma once
/// A model of one's own: p(y | x; Θ), whose negative log-likelihood and gradient are a function in C++.

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cauchy/model/batch.hpp"

namespace cauchy::library {

/// One tensor of Θ.
struct Parameter {
  std::string name;
  std::vector<std::size_t> shape = {1};
  std::vector<double> initial = {};  ///< in row-major order; empty: zeros
  bool penalized = false;            ///< whether model.l2 and model.l1 act on it, and weight decay of methods
};

/// What is fitted. The same on every rank.
struct Description {
  std::string name;         ///< parameters lie in checkpoints as /parameters/<name>/<parameter>
  std::size_t inputs = 0;   ///< features of a sample
  std::size_t targets = 0;  ///< of a sample, at least one
  std::vector<Parameter> parameters;
};

/// The samples of a batch, numbered from 0.
class Samples {
 public:
  explicit Samples(const model::Batch<double>& batch) : batch_(batch) {}

  std::size_t size() const { return batch_.samples(); }
  std::span<const double> features(std::size_t sample) const { return row(batch_.features.dense, sample); }
  std::span<const double> targets(std::size_t sample) const { return row(batch_.observed.targets, sample); }
  /// 1 where data have no weights.
  double weight(std::size_t sample) const { return batch_.observed.weight(sample); }
  /// data.exposure; 1 where data have none.
  double exposure(std::size_t sample) const {
    return batch_.observed.exposure.empty() ? 1 : batch_.observed.exposure[sample];
  }

 private:
  static std::span<const double> row(const linear_algebra::MatrixView<const double>& matrix, std::size_t sample) {
    return {matrix.row(sample), matrix.columns};
  }

  const model::Batch<double>& batch_;
};

/// theta[p][i] is element i, in row-major order, of parameter p of the description.
using Theta = std::span<const std::span<const double>>;
/// As Theta.
using Gradient = std::span<const std::span<double>>;

/// Derive from it, and say the two things that it asks for. README.md, "Cauchy as a library", has an example.
class Problem {
 public:
  explicit Problem(Description description) : description_(std::move(description)) {}
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;
  virtual ~Problem() = default;

  const Description& description() const { return description_; }

  /// Σ over the samples of -weight·log p(y | x; Θ), in nats; adds its derivative to `gradient`, which is zero before.
  /// Sums, never means: the mean over all samples of all ranks is formed elsewhere, and so are penalties. For the same
  /// bits on any number of ranks the result is a function of the arguments alone. Threads of a rank call it at the same
  /// time where run.threads is more than 1. What it throws ends the job with a message; NaN and infinity end training
  /// as diverged.
  virtual double value_and_gradient(Theta theta, const Samples& samples, Gradient gradient) const = 0;

 private:
  Description description_;
};

}  // namespace cauchy::library
