// The classic reduction: a floating-point allreduce.

#include <algorithm>
#include <vector>

#include "cauchy/linear_algebra/aligned.hpp"
#include "cauchy/training/reducer.hpp"

namespace cauchy::training {
namespace {

template <typename Real>
class FloatReducer final : public Reducer<Real> {
 public:
  FloatReducer(const model::ParameterLayout& layout, communication::Channel& channel)
      : channel_(channel), sum_(layout.padded_size(), Real{0}), delivered_(layout.tensors().size()) {}

  void begin() override { std::fill(delivered_.begin(), delivered_.end(), false); }

  void complete(const model::Tensor& tensor, std::span<const Real> gradient) override {
    const auto sum = std::span(sum_).subspan(tensor.offset, tensor.size);
    if (delivered_[tensor.index]) {
      for (std::size_t i = 0; i < sum.size(); ++i) {
        sum[i] += gradient[i];
      }
    } else {
      std::copy(gradient.begin(), gradient.end(), sum.begin());
      delivered_[tensor.index] = true;
    }
  }

  std::span<const Real> finish() override {
    // A rank without samples in this step still holds the last step's sum.
    if (!delivered_.front()) {
      std::fill(sum_.begin(), sum_.end(), Real{0});
    }
    channel_.start_sum(std::span(sum_));
    channel_.wait();
    return sum_;
  }

 private:
  communication::Channel& channel_;
  linear_algebra::AlignedVector<Real> sum_;
  std::vector<bool> delivered_;
};

}  // namespace

template <typename Real>
std::unique_ptr<Reducer<Real>> make_float_reducer(const model::ParameterLayout& layout,
                                                  communication::Channel& channel) {
  return std::make_unique<FloatReducer<Real>>(layout, channel);
}

template std::unique_ptr<Reducer<float>> make_float_reducer(const model::ParameterLayout&, communication::Channel&);
template std::unique_ptr<Reducer<double>> make_float_reducer(const model::ParameterLayout&, communication::Channel&);

}  // namespace cauchy::training
