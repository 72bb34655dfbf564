// What one would write by hand for full-batch gradients of logistic regression on sparse rows: the yardstick for
// scripts/benchmark/measure_sparse.py. One thread, float, no penalty.
//
//     sparse_loop DATA.h5 STEPS    prints the median seconds of a step, in processor time, by the faster of two loops

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <span>
#include <vector>

#include "cauchy/storage/file.hpp"

namespace {

struct Data {
  explicit Data(const std::string& path) {
    const auto file = cauchy::storage::File::open(path);
    const auto shape = file.read_attribute<std::vector<std::uint64_t>>("features", "shape");
    columns = shape[1];
    starts.resize(shape[0] + 1);
    file.read<std::uint64_t>("features/indptr", starts);
    indices.resize(starts.back());
    values.resize(indices.size());
    targets.resize(shape[0]);
    file.read<std::int32_t>("features/indices", indices);
    file.read<float>("features/values", values);
    file.read<float>("targets", targets);
  }

  std::size_t columns = 0;
  std::vector<std::uint64_t> starts;
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  std::vector<float> targets;
};

struct Model {
  std::vector<float> weights;
  float intercept = 0;
};

double loss_of(float z, float target) {
  return std::log1p(std::exp(-std::abs(z))) + std::max(z, 0.0F) - target * z;
}

float logit(const Data& data, const Model& model, std::size_t row) {
  float z = model.intercept;
  for (std::uint64_t i = data.starts[row]; i < data.starts[row + 1]; ++i) {
    z += data.values[i] * model.weights[static_cast<std::size_t>(data.indices[i])];
  }
  return z;
}

void add_row(const Data& data, std::size_t row, float residual, Model& gradient) {
  for (std::uint64_t i = data.starts[row]; i < data.starts[row + 1]; ++i) {
    gradient.weights[static_cast<std::size_t>(data.indices[i])] += data.values[i] * residual;
  }
  gradient.intercept += residual;
}

/// Both passes over each row, while it is in the cache.
double row_by_row(const Data& data, const Model& model, Model& gradient) {
  double loss = 0;
  for (std::size_t row = 0; row < data.targets.size(); ++row) {
    const float z = logit(data, model, row);
    loss += loss_of(z, data.targets[row]);
    add_row(data, row, 1 / (1 + std::exp(-z)) - data.targets[row], gradient);
  }
  return loss;
}

/// A pass over all rows for the residuals, and one for the gradient.
double pass_by_pass(const Data& data, const Model& model, Model& gradient) {
  double loss = 0;
  std::vector<float> residuals(data.targets.size());
  for (std::size_t row = 0; row < residuals.size(); ++row) {
    const float z = logit(data, model, row);
    loss += loss_of(z, data.targets[row]);
    residuals[row] = 1 / (1 + std::exp(-z)) - data.targets[row];
  }
  for (std::size_t row = 0; row < residuals.size(); ++row) {
    add_row(data, row, residuals[row], gradient);
  }
  return loss;
}

/// Of this thread: another program on its core does not count.
double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::cerr << "usage: sparse_loop DATA.h5 STEPS\n";
    return 2;
  }
  const Data data(arguments[1]);
  const long steps = std::strtol(arguments[2], nullptr, 10);
  double best = INFINITY;
  for (const auto loop : {row_by_row, pass_by_pass}) {
    Model model{std::vector<float>(data.columns, 0.0F)};
    std::vector<double> seconds;
    for (long step = 0; step < steps; ++step) {
      const double start = processor_seconds();
      Model gradient{std::vector<float>(data.columns, 0.0F)};
      const double loss = loop(data, model, gradient);
      const auto samples = static_cast<float>(data.targets.size());
      for (std::size_t i = 0; i < data.columns; ++i) {
        model.weights[i] -= 100 * gradient.weights[i] / samples;
      }
      model.intercept -= 100 * gradient.intercept / samples;
      seconds.push_back(processor_seconds() - start);
      std::cerr << loss / samples << " " << seconds.back() << "\n";
    }
    best = std::min(best, median(seconds));
  }
  std::cout << best << "\n";
}
