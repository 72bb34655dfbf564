#pragma once
/// The training loop.

#include <cstdint>
#include <vector>

#include "cauchy/communication/channel.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/data/dataset.hpp"
#include "cauchy/data/sampler.hpp"
#include "cauchy/model/model.hpp"
#include "cauchy/optimize/method.hpp"
#include "cauchy/optimize/schedule.hpp"
#include "cauchy/training/evaluation.hpp"
#include "cauchy/training/objective.hpp"
#include "cauchy/training/observer.hpp"
#include "cauchy/training/options.hpp"
#include "cauchy/training/reducer.hpp"
#include "cauchy/training/shares.hpp"
#include "cauchy/training/state.hpp"
#include "cauchy/training/workers.hpp"

namespace cauchy::training {

/// What training needs beside its state. All references must outlive the trainer.
template <typename Real>
struct TrainerParts {
  communication::Channel& channel;
  const model::Model<Real>& model;
  optimize::Method<Real>& method;
  const optimize::Schedule& schedule;
  DistributedObjective<Real>& objective;
  Reducer<Real>& reducer;  ///< the objective's
  const data::Sampler& sampler;
  Workers<Real>& workers;
  core::PhaseSeconds& seconds;
  const data::Dataset<Real>* validation = nullptr;  ///< evaluated after each epoch
  const data::Dataset<Real>* test = nullptr;        ///< evaluated after the last step
  std::uint64_t microbatch = 512;                   ///< of evaluations
  std::uint64_t guard_steps = 100;                  ///< steps between comparisons across ranks; 0: never
  Shares shares = {};                               ///< of method, objective and reducer
};

/// Takes steps until a criterion holds. One step is one accepted iterate; observers and criteria act only between
/// steps. Every so many steps, and before a checkpoint is written, the state is compared across ranks.
template <typename Real>
class Trainer {
 public:
  Trainer(TrainerParts<Real> parts, const StopOptions& stop, TrainingState<Real>& state)
      : parts_(parts), stop_(stop), state_(state) {}

  /// Observers are told of each step in the order in which they were added. They must outlive the trainer.
  void add(Observer<Real>& observer) { observers_.push_back(&observer); }

  /// Collective. The report of the last step; of no step at all if a criterion holds from the start. Throws the
  /// objective's errors; when training diverged, the state is then the last one whose loss and gradient were finite,
  /// and observers have been told.
  StepReport run();

 private:
  /// The numbers of a state beside its vectors.
  struct Scalars {
    SamplerPosition sampler;
    StoppingState stopping;
    History history;
    optimize::PlateauState plateau;
    optimize::Divergence divergence;
    reduction::Units units;
  };

  Votes votes() const;
  void take_step();
  void remember_state();
  void state_proved();
  void count_step();
  void count_epoch();
  void require_nearness();
  StepReport make_report();
  bool note_validation(double nll);
  void require_finite_parameters() const;
  void guard(bool saving) const;
  void gather_state();
  void go_back();
  Evaluation evaluated(const data::Dataset<Real>& dataset);

  TrainerParts<Real> parts_;
  StopOptions stop_;
  TrainingState<Real>& state_;
  std::vector<Observer<Real>*> observers_;
  double learning_rate_ = 0;  ///< of the last step
  bool is_proved_ = false;    ///< loss and gradient at the state's Θ are finite
  Scalars before_;            ///< of the state before the last step
};

}  // namespace cauchy::training
