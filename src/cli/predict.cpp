// cauchy predict: the parameters of p_model(y | x) for each sample of a file.

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>

#include "cauchy/cli/commands.hpp"
#include "cauchy/cli/method.hpp"
#include "cauchy/cli/prediction_file.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/cli/stored_run.hpp"
#include "cauchy/cli/tokens.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "cauchy/reporting/number.hpp"
#include "cauchy/reporting/row_progress.hpp"
#include "cauchy/reporting/terminal.hpp"
#include "cauchy/training/workers.hpp"

namespace cauchy::cli {
namespace {

using linear_algebra::MatrixView;

// Of the rows that a rank reads at once, and of what the root gets from all ranks at once.
constexpr double piece_bytes = 0x1p25;
constexpr double gathered_bytes = 0x1p26;
constexpr double number_bytes = 16;  // of text

/// Rows of a piece, a multiple of the microbatch: what passes through the model at once is the same for every number of
/// ranks.
std::uint64_t rows_of_piece(const data::SourceShape& shape, std::size_t columns, std::uint64_t microbatch, int ranks) {
  const double elements = shape.sparse ? static_cast<double>(shape.elements) / static_cast<double>(shape.rows)
                                       : static_cast<double>(shape.inputs);
  const double text_bytes = static_cast<double>(columns) * number_bytes;
  const double rows =
      std::min(piece_bytes / (elements * 2 * sizeof(double) + text_bytes), gathered_bytes / (text_bytes * ranks));
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rows) / microbatch) * microbatch;
}

/// Predicts rows with one model, on the threads of a rank.
template <typename Real>
class Predictor {
 public:
  Predictor(const model::Network<Real>& network, const data::Reader& reader, const training::TrainingState<Real>& state,
            const PredictionFile<Real>& file, std::uint64_t microbatch, std::uint64_t threads)
      : network_(network),
        reader_(reader),
        standardization_(state.standardization),
        file_(file),
        microbatch_(std::min(microbatch, reader.shape().rows)),
        columns_(network.likelihood().prediction_names().size()),
        workers_(network, microbatch_, threads, seconds_),
        parameters_(workers_.prepare(state.method.x)) {}

  /// The rows as the file takes them. Throws core::UserError with the place of a number that is not finite, in the data
  /// or among the predictions.
  std::string predict(data::Range rows) {
    const data::Samples<Real> samples = data::read_samples<Real>(reader_, rows, standardization_);
    require_features(samples);
    std::vector<std::string> passes((rows.size() + microbatch_ - 1) / microbatch_);
    workers_.for_each_shard({0, passes.size()}, [&](training::Worker<Real>& worker, std::uint64_t pass) {
      const std::uint64_t first = pass * microbatch_;
      const std::uint64_t count = std::min(microbatch_, rows.size() - first);
      const MatrixView<Real> outputs =
          network_.forward(parameters_, data::features_of(samples, first, count, worker.batch), worker.workspace);
      linear_algebra::AlignedVector<Real> values(count * columns_);
      const MatrixView<Real> prediction{values.data(), count, columns_};
      const std::span<const Real> exposure = samples.exposure;
      network_.likelihood().predict(outputs, exposure.empty() ? exposure : exposure.subspan(first, count), prediction);
      require_finite(prediction, rows.first + first);
      passes[pass] = file_.encoded(prediction);
      core::note_progress();
    });
    std::string text;
    for (const std::string& pass : passes) {
      text += pass;
    }
    return text;
  }

 private:
  /// Of a network that takes no other, such as a token beyond its vocabulary.
  void require_features(const data::Samples<Real>& samples) const {
    if (reader_.shape().sparse || reader_.shape().bytes) {
      return;  // what is sparse has no tokens, and every byte is one
    }
    const MatrixView<const Real> features = samples.feature_matrix();
    for (std::size_t row = 0; row < features.rows; ++row) {
      const std::string fault = network_.feature_fault({features.row(row), features.columns});
      if (!fault.empty()) {
        throw core::UserError(data::at(reader_.source()) +
                              reader_.place(data::Part::features, samples.rows.first + row) + ": " + fault);
      }
    }
  }

  void require_finite(MatrixView<const Real> prediction, std::uint64_t first_row) const {
    if (linear_algebra::all_finite<Real>(prediction.elements())) {
      return;
    }
    std::size_t i = 0;
    while (std::isfinite(prediction.data[i])) {
      ++i;
    }
    throw core::UserError(data::at(reader_.source()) + "for the sample of " +
                          reader_.place(data::Part::features, first_row + i / columns_) + " the model predicts " +
                          network_.likelihood().prediction_names()[i % columns_] + " = " +
                          reporting::exact_text(static_cast<double>(prediction.data[i])) +
                          "; are its features far from those of the training data?");
  }

  const model::Network<Real>& network_;
  const data::Reader& reader_;
  const data::Standardization& standardization_;
  const PredictionFile<Real>& file_;
  std::uint64_t microbatch_;
  std::size_t columns_;
  core::PhaseSeconds seconds_;
  training::Workers<Real> workers_;
  model::Parameters<Real> parameters_;
};

/// Collective. Rounds of pieces, one a rank, which the root appends in their order.
template <typename Real>
void predict_all(const communication::Communicator& ranks, Predictor<Real>& predictor, PredictionFile<Real>& file,
                 std::uint64_t rows, std::uint64_t piece_rows) {
  const auto rank = static_cast<std::uint64_t>(ranks.rank());
  const auto count = static_cast<std::uint64_t>(ranks.size());
  std::optional<reporting::RowProgress> progress;
  if (ranks.is_root()) {
    progress.emplace(std::cout, reporting::output_is_terminal(), "predicted", rows);
  }
  const core::Doing doing("predicting");
  for (std::uint64_t first = 0; first < rows; first += count * piece_rows) {
    std::string text;
    communication::agree(ranks, [&] {
      const data::Range own{std::min(rows, first + rank * piece_rows), std::min(rows, first + (rank + 1) * piece_rows)};
      text = own.size() > 0 ? predictor.predict(own) : "";
    });
    const std::vector<std::string> texts = ranks.gather(text);
    communication::agree_on_root(ranks, [&] {
      std::ranges::for_each(texts, [&](const std::string& piece) {
        if (!piece.empty()) {
          file.append(piece);
        }
      });
      progress->advance(std::min(rows, first + count * piece_rows));
    });
  }
}

/// What the columns are called.
template <typename Real>
PredictionTable table_of(const std::string& output, std::uint64_t rows, const model::Likelihood<Real>& likelihood,
                         const checkpoint::ProblemShape& problem) {
  PredictionTable table{output, rows, likelihood.prediction_names(), {}};
  const std::vector<std::string> names = data::class_names(problem.encoding);
  for (std::uint64_t number = 0; number < problem.classes; ++number) {
    table.classes.push_back(number < names.size() ? names[number] : std::to_string(number));
  }
  return table;
}

template <typename Real>
void predict_file(const communication::Communicator& ranks, const CommandLine& line, const StoredRun& run,
                  const Settings& settings) {
  data::Source source = settings.source("--input", line.required("input"));
  source.features_alone = true;
  source.weights.clear();
  const std::string output = line.required("output");
  const std::unique_ptr<const data::Reader> reader = data::open_reader(ranks, source, run.problem.encoding);
  check_inputs(*reader, run.problem);
  check_tokens(*reader, settings);
  const std::uint64_t rows = reader->shape().rows;
  const auto network = make_network<Real>(ranks, settings, run.problem);
  const auto method = make_method<Real>(ranks, settings, network->layout());
  const training::TrainingState<Real> state = load_state(ranks, run.path, network->layout(), *method);
  std::unique_ptr<PredictionFile<Real>> file;
  std::optional<Predictor<Real>> predictor;
  communication::agree(ranks, [&] {
    file = make_prediction_file<Real>(table_of(output, rows, network->likelihood(), run.problem));
    predictor.emplace(*network, *reader, state, *file, settings.data.rows_of_a_pass(), settings.run.threads);
  });
  communication::agree_on_root(ranks, [&] { file->open(); });
  predict_all(ranks, *predictor, *file, rows,
              rows_of_piece(reader->shape(), network->likelihood().prediction_names().size(),
                            settings.data.rows_of_a_pass(), ranks.size()));
  communication::agree_on_root(ranks, [&] {
    file->commit();
    std::cout << "wrote " << output << " (" << rows << " rows)\n";
  });
}

core::ExitCode run_predict(const communication::Communicator& ranks, const CommandLine& line) {
  communication::agree(ranks, [&] {
    line.required("checkpoint");
    // Looked at now, since the name's end decides.
    make_prediction_file<float>({line.required("output"), 0, {}, {}});
    line.required("input");
  });
  communication::agree_on_root(ranks, [&] {
    check_output(line.required("output"), {line.required("input"), line.required("checkpoint")});
  });
  Settings settings;
  const StoredRun run = open_stored_run(ranks, line, {"data.microbatch"}, settings);
  with_precision(settings.run.precision, [&]<typename Real>() { predict_file<Real>(ranks, line, run, settings); });
  return core::ExitCode::done;
}

}  // namespace

Command predict_command() {
  using Value = CommandOption::Value;
  return {{"predict",
           "Parameters of p(y | x) for each sample of a file, on any number of ranks.",
           "",
           {checkpoint_option(),
            {"input", Value::required, "FILE",
             "the features, in any format that training takes; targets need not be there"},
            {"output", Value::required, "FILE", "the file to write, .csv, .h5 or .hdf5; replaced if it is there"}},
           true},
          run_predict};
}

}  // namespace cauchy::cli
