// The check of gradients on the objective of training, over the ranks: an error in one tensor is seen in that one.

#include "cauchy/optimize/gradient_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "training/training_fixture.hpp"

namespace cauchy::training {
namespace {

using optimize::Finding;
using optimize::GradientCheck;
using optimize::Probe;

/// An objective whose gradient is wrong in one tensor.
class ScaledTensor final : public optimize::Objective<double> {
 public:
  ScaledTensor(optimize::Objective<double>& objective, const model::Tensor& tensor, double factor)
      : objective_(objective), tensor_(tensor), factor_(factor) {}

  double value_and_gradient(std::span<const double> x, std::span<double> gradient) override {
    const double value = objective_.value_and_gradient(x, gradient);
    for (double& element : gradient.subspan(tensor_.offset, tensor_.size)) {
      element *= factor_;
    }
    return value;
  }

 private:
  optimize::Objective<double>& objective_;
  const model::Tensor& tensor_;
  double factor_;
};

bool is_parameter(const model::ParameterLayout& layout, std::size_t element) {
  return std::ranges::any_of(layout.tensors(), [&](const model::Tensor& tensor) {
    return element >= tensor.offset && element < tensor.offset + tensor.size;
  });
}

std::vector<Finding> findings_of(const std::vector<Probe>& probes) {
  std::vector<Finding> findings(probes.size());
  std::ranges::transform(probes, findings.begin(), &Probe::finding);
  return findings;
}

class GradientCheckTest : public testing::Test {
 protected:
  explicit GradientCheckTest(const std::string& likelihood = "categorical")
      : toy({.l2 = 0.3, .likelihood = likelihood}, folder / "") {
    toy.objective.select({}, {});
  }

  GradientCheck check(optimize::Objective<double>& objective) {
    return GradientCheck(objective, toy.state.method.x, {.directions = 2, .coordinates = 4},
                         [this](std::size_t element) { return is_parameter(toy.network.layout(), element); });
  }

  test::SharedFolder folder;
  ToyTraining toy;
};

TEST_F(GradientCheckTest, TheGradientOfTrainingPasses) {
  GradientCheck gradients = check(toy.objective);
  for (const model::Tensor& tensor : toy.network.layout().tensors()) {
    const std::vector<Probe> probes = gradients.check_part(tensor.offset, tensor.offset + tensor.size);
    EXPECT_EQ(findings_of(probes), std::vector(6, Finding::agrees)) << tensor.path();
  }
  EXPECT_EQ(findings_of(gradients.check_whole()), std::vector(2, Finding::agrees));
}

TEST_F(GradientCheckTest, AnErrorOfOnePercentIsSeenInItsTensor) {
  for (const model::Tensor& wrong : toy.network.layout().tensors()) {
    ScaledTensor objective(toy.objective, wrong, 1.01);
    GradientCheck gradients = check(objective);
    for (const model::Tensor& tensor : toy.network.layout().tensors()) {
      const std::vector<Probe> probes = gradients.check_part(tensor.offset, tensor.offset + tensor.size);
      const Finding expected = tensor.index == wrong.index ? Finding::differs : Finding::agrees;
      EXPECT_EQ(findings_of(probes), std::vector(6, expected)) << tensor.path() << ", wrong: " << wrong.path();
    }
  }
}

// So that all ranks go the same way, and tell the same on any number of them.
TEST_F(GradientCheckTest, EveryRankFindsTheSame) {
  GradientCheck gradients = check(toy.objective);
  std::vector<double> found{gradients.value(), gradients.noise()};
  for (const Probe& probe : gradients.check_whole()) {
    found.insert(found.end(), {probe.gradient, probe.difference, probe.error, probe.step});
  }
  std::vector<double> of_root = found;
  test::world().broadcast<double>(of_root);
  EXPECT_EQ(found, of_root);
}

}  // namespace
}  // namespace cauchy::training
