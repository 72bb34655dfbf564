// A line with one mistake, which the first argument names, or with none.

#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>

#include <cauchy/library/fit.hpp>

namespace {

namespace library = cauchy::library;

class Line final : public library::Problem {
 public:
  Line(std::string mistake, int rank) : Problem(description(mistake)), mistake_(std::move(mistake)), rank_(rank) {}

  double value_and_gradient(library::Theta theta, const library::Samples& samples,
                            library::Gradient gradient) const override {
    double nll = 0;
    double slope = 0;
    double intercept = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double x = samples.features(i)[0];
      const double residual = theta[0][0] * x + theta[1][0] - samples.targets(i)[0];
      nll += samples.weight(i) * residual * residual / 2;
      slope += samples.weight(i) * residual * x;
      intercept += samples.weight(i) * residual;
    }
    if (rank_ == 1 && mistake_ == "throws") {
      throw std::runtime_error("the line is broken");
    }
    if (rank_ == 1 && mistake_ == "throws_a_number") {
      throw 7;
    }
    if (rank_ == 1 && mistake_ == "nan") {
      nll = std::numeric_limits<double>::quiet_NaN();
    }
    // Overwritten, which does as well as adding.
    gradient[0][0] = slope * (mistake_ == "wrong_gradient" ? 1.01 : 1);
    gradient[1][0] = intercept;
    return nll;
  }

 private:
  static library::Description description(const std::string& mistake) {
    return {.name = "line",
            .inputs = 1,
            .targets = 1,
            .parameters = {{.name = "slope", .initial = {0.25}, .penalized = true},
                           {.name = mistake == "names" ? "slope" : "intercept"}}};
  }

  std::string mistake_;
  int rank_;
};

library::Rows points(const std::string& mistake, int rank) {
  return {.count = mistake == "counts" && rank == 1 ? 31U : 30U,
          .inputs = mistake == "columns" ? 2U : 1U,
          .target_columns = 1,
          .fill =
              [mistake](std::uint64_t row, library::RowValues& values) {
                values.features[0] = mistake == "nan_row" && row == 17 ? std::nan("") : static_cast<double>(row) / 30;
                values.targets[0] = 2 * values.features[0] + (row % 2 == 0 ? 1.5 : 0.5);
                values.weight = row < 10 ? 3 : 1;
              },
          .weighted = mistake != "weights"};
}

constexpr const char* settings = R"(
[data]
shards = 5
microbatch = 4
[optimizer]
learning_rate = 0.5
[stop]
gradient_norm = 1e-12
max_steps = 2000
)";

}  // namespace

int main(int argc, char** argv) {
  const std::string mistake = argc > 1 ? argv[1] : "";
  argv[1] = argv[0];
  return library::run(argc - 1, argv + 1, [&](library::Job& job) {
    const int rank = job.ranks().rank();
    const Line line(mistake, rank);
    library::Data data;
    if (mistake != "file") {
      data.train = points(mistake, rank);
      if (mistake != "no_validation") {
        data.validation = points(mistake, rank);
      }
    }
    const library::Fit fit = job.fit(line, data, std::string(settings) + (mistake == "key" ? "max_step = 3\n" : ""));
    if (job.is_root()) {
      std::cout.precision(17);
      std::cout << "line " << fit.parameters[0][0] << " " << fit.parameters[1][0] << " " << fit.nll << std::endl;
    }
  });
}
