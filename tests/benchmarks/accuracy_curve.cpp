// The error of exact and float sums of gradients by the number of shards, as CSV.
//
//     build/release/tests/accuracy_curve data/fashion_mnist_train.h5 > accuracy.csv
//
// A network inputs-512-512-10 after 20 steps of 256 samples; shards of 1000 samples in all, or of as many samples as
// there are shards.

#include <exception>
#include <iostream>

#include "cauchy/data/standardization.hpp"
#include "cauchy/linear_algebra/product.hpp"
#include "support/gradient_accuracy.hpp"

namespace cauchy {
namespace {

data::Standardization standardization(const data::Samples<float>& samples) {
  data::Standardization result;
  for (std::uint64_t column = 0; column < samples.inputs; ++column) {
    double sum = 0;
    double squares = 0;
    for (std::uint64_t row = 0; row < samples.rows.size(); ++row) {
      const auto value = static_cast<double>(samples.features[row * samples.inputs + column]);
      sum += value;
      squares += value * value;
    }
    const double mean = sum / static_cast<double>(samples.rows.size());
    const double variance = squares / static_cast<double>(samples.rows.size()) - mean * mean;
    result.mean.push_back(mean);
    result.scale.push_back(variance > 0 ? 1 / std::sqrt(variance) : 1);
  }
  return result;
}

void print(const test::GradientError& error) {
  std::cout << "," << error.whole << "," << error.median_block << "," << error.worst_block;
}

void print_curve(const char* file) {
  linear_algebra::prepare_products();
  const data::Source source{"data", file, "features", "targets"};
  const data::SourceShape shape = data::hdf5_shape(source);
  const data::Standardization scaling =
      standardization(data::read_samples<float>(*data::make_hdf5_reader(source, shape), {0, shape.rows}, {}));
  const data::Samples<float> samples =
      data::read_samples<float>(*data::make_hdf5_reader(source, shape), {0, shape.rows}, scaling);

  model::ModelOptions options;
  options.layers = {512, 512};
  const model::Network<float> network(options, shape.inputs, model::make_likelihood<float>("categorical", 10, 1));
  linear_algebra::AlignedVector<float> theta(network.layout().padded_size());
  network.initialize(theta, 1);
  test::ShardGradients gradients(network, theta, samples);
  constexpr std::uint64_t batch = 256;
  for (std::uint64_t step = 0; step < 20; ++step) {
    const auto gradient = gradients.of({step * batch, (step + 1) * batch});
    for (std::size_t i = 0; i < theta.size(); ++i) {
      theta[i] -= 0.05F / batch * gradient[i];
    }
  }

  std::cout << "shards";
  for (const char* sum : {"float", "int32", "int64"}) {
    std::cout << "," << sum << "," << sum << "_median_block," << sum << "_worst_block";
  }
  std::cout << "\n";
  for (std::uint64_t shards = 1; shards <= 4096; shards *= 2) {
    const test::GradientErrors errors = test::gradient_errors(gradients, std::max<std::uint64_t>(1000, shards), shards);
    std::cout << shards;
    print(errors.summed_in_float);
    print(errors.int32);
    print(errors.int64);
    std::cout << std::endl;
  }
}

}  // namespace
}  // namespace cauchy

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: accuracy_curve DATA.h5    (features, and targets of 10 classes)\n";
    return 2;
  }
  try {
    cauchy::print_curve(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "accuracy_curve: " << error.what() << "\n";
    return 1;
  }
}
