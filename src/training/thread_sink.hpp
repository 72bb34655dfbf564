#pragma once
/// Where the threads of a rank deliver to a reducer.

#include <cstdint>
#include <span>

#include "cauchy/model/gradient_sink.hpp"

namespace cauchy::training {

/// A thread's sink: passes what is delivered on to a function, with the thread and the shard that it is of.
template <typename Real, typename Receiver>
class ThreadSink final : public model::GradientSink<Real> {
 public:
  ThreadSink(Receiver& receiver, std::size_t thread) : receiver_(receiver), thread_(thread) {}

  void set_shard(std::uint64_t shard) { shard_ = shard; }
  void complete(const model::Tensor& tensor, std::span<const Real> gradient) override {
    receiver_.deliver(thread_, shard_, tensor, gradient);
  }

 private:
  Receiver& receiver_;
  std::size_t thread_;
  std::uint64_t shard_ = 0;
};

}  // namespace cauchy::training
