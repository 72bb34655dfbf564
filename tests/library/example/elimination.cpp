// A drug leaves the blood: concentrations after an injection, C(t) = dose/volume·exp(-rate·t), measured with errors of
// some percent, log y ~ N(log C(t), σ²). Fits rate, volume and σ by maximum likelihood on any number of ranks.

#include <cmath>
#include <cstdint>
#include <iostream>
#include <numbers>

#include <cauchy/library/fit.hpp>

namespace {

namespace library = cauchy::library;

// Features: hours since the injection, dose in mg. Target: mg/l. Θ: rate in 1/h, log of the volume in l, log σ.
class Elimination final : public library::Problem {
 public:
  Elimination()
      : Problem({.name = "elimination",
                 .inputs = 2,
                 .targets = 1,
                 .parameters = {{.name = "rate", .initial = {0.1}}, {.name = "log_volume"}, {.name = "log_sigma"}}}) {}

  double value_and_gradient(library::Theta theta, const library::Samples& samples,
                            library::Gradient gradient) const override {
    const double rate = theta[0][0];
    const double log_volume = theta[1][0];
    const double log_sigma = theta[2][0];
    const double precision = std::exp(-2 * log_sigma);
    double nll = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double hours = samples.features(i)[0];
      const double log_dose = std::log(samples.features(i)[1]);
      const double log_y = std::log(samples.targets(i)[0]);
      const double weight = samples.weight(i);
      const double residual = log_y - (log_dose - log_volume - rate * hours);
      nll += weight * (residual * residual * precision / 2 + log_sigma + log_y + std::log(2 * std::numbers::pi) / 2);
      gradient[0][0] += weight * residual * precision * hours;
      gradient[1][0] += weight * residual * precision;
      gradient[2][0] += weight * (1 - residual * residual * precision);
    }
    return nll;
  }
};

// Measurements would come from elsewhere; these are made up, with a rate of 0.3/h, a volume of 12 l and σ = 0.35.
library::Rows measurements(std::uint64_t count) {
  return {.count = count, .inputs = 2, .target_columns = 1, .fill = [](std::uint64_t row, library::RowValues& values) {
            const double hours = 0.25 * static_cast<double>(row % 40);
            const double dose = 50 + 10 * static_cast<double>(row % 7);
            const double error = 0.5 * std::sin(12.9898 * static_cast<double>(row * row % 1009));
            values.features[0] = hours;
            values.features[1] = dose;
            values.targets[0] = dose / 12 * std::exp(error - 0.3 * hours);
          }};
}

constexpr const char* settings = R"(
[data]
shards = 6
[optimizer]
method = lbfgs
batch_size = full
[stop]
gradient_norm = 1e-10
max_steps = 200
[checkpoint]
directory = runs/elimination
)";

}  // namespace

int main(int argc, char** argv) {
  return library::run(argc, argv, [](library::Job& job) {
    const library::Fit fit = job.fit(Elimination(), {.train = measurements(600)}, settings);
    if (job.is_root()) {
      std::cout.precision(17);
      std::cout << "rate " << fit.parameters[0][0] << " volume " << std::exp(fit.parameters[1][0]) << " sigma "
                << std::exp(fit.parameters[2][0]) << " after " << fit.steps << " steps, stopped by " << fit.stopped_by
                << std::endl;
    }
  });
}
