#pragma once
/// The training loop.

#include <vector>

#include "cauchy/core/timer.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/model/network.hpp"
#include "cauchy/optimize/method.hpp"
#include "cauchy/training/evaluation.hpp"
#include "cauchy/training/objective.hpp"
#include "cauchy/training/observer.hpp"
#include "cauchy/training/options.hpp"
#include "cauchy/training/state.hpp"

namespace cauchy::training {

/// What training needs beside its state. All references must outlive the trainer.
template <typename Real>
struct TrainerParts {
  const communication::Communicator& ranks;
  const model::Network<Real>& network;
  optimize::Method<Real>& method;
  DistributedObjective<Real>& objective;
  const data::Sampler& sampler;
  data::Dataset<Real>* validation = nullptr;  ///< evaluated after each epoch
  data::Dataset<Real>* test = nullptr;        ///< evaluated after the last step
  model::Workspace<Real>& workspace;          ///< for evaluations
  core::PhaseSeconds& seconds;
};

/// Takes steps until a criterion holds. One step is one accepted iterate; observers and criteria act only between
/// steps.
template <typename Real>
class Trainer {
 public:
  Trainer(TrainerParts<Real> parts, const StopOptions& stop, TrainingState<Real>& state)
      : parts_(parts), stop_(stop), state_(state) {}

  /// Observers are told of each step in the order in which they were added. They must outlive the trainer.
  void add(Observer<Real>& observer) { observers_.push_back(&observer); }

  /// Collective. The report of the last step; of no step at all if a criterion holds from the start.
  StepReport run();

 private:
  Votes votes() const;
  void take_step();
  void count_step();
  StepReport make_report();
  Evaluation evaluated(data::Dataset<Real>& dataset);

  TrainerParts<Real> parts_;
  StopOptions stop_;
  TrainingState<Real>& state_;
  std::vector<Observer<Real>*> observers_;
};

}  // namespace cauchy::training
