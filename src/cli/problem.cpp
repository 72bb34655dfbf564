// From settings to data sets, the network, a stored state.

#include "cauchy/cli/problem.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/core/memory.hpp"
#include "cauchy/data/source_files.hpp"
#include "cauchy/reporting/number.hpp"
#include "cauchy/training/broadcast.hpp"

namespace cauchy::cli {
namespace {

// Above this a target is hardly a class, and the network could not be built.
constexpr double most_classes = 1 << 24;

std::string columns_text(std::uint64_t inputs, std::uint64_t target_columns) {
  return std::to_string(inputs) + " features and " + std::to_string(target_columns) + " target column" +
         (target_columns == 1 ? "" : "s");
}

std::string targets_of(const data::Reader& reader) {
  return data::at(reader.source()) + reader.name(data::Part::targets);
}

template <typename Real>
std::uint64_t count_classes(const data::Dataset<Real>& train) {
  const double largest = train.summary().largest;
  if (largest >= most_classes) {
    throw core::UserError(targets_of(train.reader()) + " holds " + std::to_string(largest) +
                          ", which is no class 0, 1, 2, ...; is model.likelihood = gaussian meant?")
        .as_agreed();
  }
  if (largest >= static_cast<double>(train.shape().rows)) {
    throw core::UserError(targets_of(train.reader()) + " holds the class " +
                          std::to_string(static_cast<std::uint64_t>(largest)) + " among " +
                          std::to_string(train.shape().rows) +
                          " samples, fewer than there would be classes; set model.classes if that is meant")
        .as_agreed();
  }
  // A lone class 0 still makes a model, of two classes; what is no class is told with its row later.
  return std::max<std::uint64_t>(2, static_cast<std::uint64_t>(std::max(largest, 0.0)) + 1);
}

/// Agreed, since every rank has the same numbers.
void check_class_weights(const model::ModelOptions& options, const checkpoint::ProblemShape& problem) {
  if (options.class_weights.empty()) {
    return;
  }
  const bool binary = options.likelihood == "bernoulli" && problem.target_columns == 1;
  if (!binary && options.likelihood != "categorical") {
    throw core::UserError(
        "model.class_weights is for classes: model.likelihood = categorical, or bernoulli with one target column; "
        "data.weights weighs samples of any kind")
        .as_agreed();
  }
  const std::uint64_t classes = binary ? 2 : problem.classes;
  if (options.class_weights.size() != classes) {
    throw core::UserError("model.class_weights has " + std::to_string(options.class_weights.size()) +
                          " numbers, one for each of the " + std::to_string(classes) + " classes is needed")
        .as_agreed();
  }
}

// Agreed, since every rank has the same encoding.
void check_classes(const data::Reader& reader, const std::string& likelihood) {
  for (const data::EncodedColumn& column : reader.encoding().targets) {
    if (!column.categories.empty() && likelihood != "categorical" && likelihood != "bernoulli") {
      throw core::UserError(data::at(reader.source()) + reader.name(data::Part::targets) + " became classes, " +
                            column.categories.front() + " and others, which model.likelihood = " + likelihood +
                            " does not take; data.target_type = number keeps numbers as they are")
          .as_agreed();
    }
  }
}

// Whether the numbers that text became depend on what else was in its file.
bool learned(const data::Encoding& encoding) {
  const auto is_learned = [](const data::EncodedColumn& column) {
    return !column.categories.empty() || !column.fill.empty();
  };
  return std::ranges::any_of(encoding.features, is_learned) || std::ranges::any_of(encoding.targets, is_learned);
}

template <typename Real>
void check_slots(const std::filesystem::path& path, const optimize::MethodState<Real>& expected,
                 const optimize::MethodState<Real>& found) {
  const auto same_name = [](const auto& a, const auto& b) { return a.name == b.name; };
  if (!std::ranges::equal(expected.slots, found.slots, same_name) ||
      !std::ranges::equal(expected.numbers, found.numbers, same_name)) {
    throw core::UserError(path.string() + ": holds the state of another optimizer.method");
  }
}

}  // namespace

void check_columns(const data::Reader& reader, const checkpoint::ProblemShape& problem) {
  if (!problem.encoding.active() && learned(reader.encoding())) {
    throw core::UserError(data::at(reader.source()) +
                          "holds texts or missing values (or -1 and 1 as classes), and the training data were of "
                          "another format, which does not say what numbers these became; convert both alike")
        .as_agreed();
  }
  const data::SourceShape& shape = reader.shape();
  if (shape.inputs != problem.inputs || shape.target_columns != problem.target_columns) {
    throw core::UserError(data::at(reader.source()) + "has " + columns_text(shape.inputs, shape.target_columns) +
                          ", the model has " + columns_text(problem.inputs, problem.target_columns))
        .as_agreed();
  }
}

void check_inputs(const data::Reader& reader, const checkpoint::ProblemShape& problem) {
  if (reader.shape().inputs != problem.inputs) {
    throw core::UserError(data::at(reader.source()) + "has " + std::to_string(reader.shape().inputs) +
                          " features, the model has " + std::to_string(problem.inputs))
        .as_agreed();
  }
}

template <typename Real>
checkpoint::ProblemShape problem_shape(const Settings& settings, const data::Dataset<Real>& train) {
  const model::ModelOptions& options = settings.model;
  const data::SourceShape& shape = train.shape();
  checkpoint::ProblemShape result{shape.rows, shape.inputs, shape.target_columns, 0, {}, train.reader().encoding()};
  check_classes(train.reader(), options.likelihood);
  if (options.likelihood == "categorical") {
    if (shape.target_columns != 1) {
      throw core::UserError(targets_of(train.reader()) + " has " + std::to_string(shape.target_columns) +
                            " columns; the categorical likelihood takes one column of classes 0, 1, 2, ...")
          .as_agreed();
    }
    const std::uint64_t named_classes = shape.bytes ? 256 : data::class_names(result.encoding).size();
    result.classes = options.classes > 0 ? options.classes
                     : named_classes > 0 ? std::max<std::uint64_t>(2, named_classes)
                                         : count_classes(train);
  }
  if (settings.data.standardize_targets) {
    result.target_scale = model::scale_of(train.summary());
  }
  return result;
}

namespace {

/// Rather than to find out while the machine pushes other pages out.
void require_memory(const model::ParameterLayout& layout, std::uint64_t bytes_a_parameter) {
  const double bytes = static_cast<double>(layout.padded_size()) * static_cast<double>(bytes_a_parameter);
  const auto machine = static_cast<double>(core::machine_memory_bytes());
  if (bytes > machine) {
    throw core::UserError("the model has " + reporting::grouped(layout.parameter_count()) +
                          " parameters, for which a rank needs " + reporting::bytes_text(bytes) +
                          " at least, and this machine has " + reporting::bytes_text(machine) +
                          "; fewer features or smaller model.layers would do");
  }
}

}  // namespace

template <typename Real>
std::unique_ptr<model::Network<Real>> make_network(const communication::Communicator& ranks, const Settings& settings,
                                                   const checkpoint::ProblemShape& problem, std::uint64_t vectors) {
  check_class_weights(settings.model, problem);
  std::unique_ptr<model::Network<Real>> network;
  communication::agree(ranks, [&] {
    network = std::make_unique<model::Network<Real>>(
        settings.model, problem.inputs,
        model::make_likelihood<Real>(settings.model.likelihood, problem.classes, problem.target_columns,
                                     settings.model.degrees_of_freedom, problem.target_scale),
        settings.run.precision == "bf16" ? linear_algebra::Operands::rounded_to_bf16
                                         : linear_algebra::Operands::as_they_are);
    if (problem.target_scale.active() && !network->likelihood().is_of_measurements()) {
      throw core::UserError("data.standardize_targets is for measurements, not for model.likelihood = " +
                            settings.model.likelihood);
    }
    require_memory(network->layout(), vectors * sizeof(Real));
  });
  return network;
}

template <typename Real>
std::uint64_t evaluation_samples(std::uint64_t microbatch, std::initializer_list<const data::Dataset<Real>*> datasets) {
  std::uint64_t samples = 1;
  for (const data::Dataset<Real>* dataset : datasets) {
    samples = std::max(samples, dataset != nullptr ? std::min(microbatch, dataset->largest_shard()) : 1);
  }
  return samples;
}

template <typename Real>
training::TrainingState<Real> load_state(const communication::Communicator& ranks, const std::filesystem::path& path,
                                         const model::ParameterLayout& layout, const optimize::Method<Real>& method,
                                         const training::Shares& shares) {
  training::TrainingState<Real> state;
  communication::agree(
      ranks, [&] { state.method = method.start(linear_algebra::AlignedVector<Real>(layout.padded_size(), Real{0})); });
  communication::agree_on_root(ranks, [&] {
    const core::Doing doing("reading a checkpoint");
    training::TrainingState<Real> stored = checkpoint::load<Real>(path, layout);
    check_slots(path, state.method, stored.method);
    state = std::move(stored);
  });
  training::broadcast_state(ranks, state, shares);
  return state;
}

template <typename Real>
linear_algebra::AlignedVector<Real> initial_parameters(const communication::Communicator& ranks,
                                                       const std::string& path, const model::ParameterLayout& layout) {
  linear_algebra::AlignedVector<Real> theta;
  communication::agree_on_root(ranks, [&] {
    const core::Doing doing("reading a checkpoint");
    require_file("model.initial =", path);
    theta = checkpoint::load_parameters<Real>(path, layout);
  });
  communication::agree(ranks, [&] { theta.resize(layout.padded_size()); });
  ranks.broadcast<Real>(theta);
  return theta;
}

void require_file(const std::string& option, const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    throw core::UserError(option + " " + path.string() + ": " +
                          (std::filesystem::exists(path, ignored) ? "is not a file" : "no such file"));
  }
}

namespace {

/// Of a list or a pattern; none if one is missing, which is told when it is read.
std::vector<std::string> files_in(const std::filesystem::path& list) {
  try {
    return data::files_of({"", list.string(), "", ""});
  } catch (const core::UserError&) {
    return {};
  }
}

}  // namespace

void check_output(const std::filesystem::path& output, std::initializer_list<std::filesystem::path> inputs) {
  std::error_code ignored;
  const std::filesystem::path folder = output.has_parent_path() ? output.parent_path() : ".";
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw core::UserError("--output " + output.string() + ": there is no folder " + folder.string());
  }
  if (std::filesystem::is_directory(output, ignored)) {
    throw core::UserError("--output " + output.string() + ": is a folder");
  }
  for (const std::filesystem::path& input : inputs) {
    for (const std::string& file : files_in(input)) {
      if (std::filesystem::equivalent(output, file, ignored)) {
        throw core::UserError("--output " + output.string() + ": would replace the file that is read");
      }
    }
  }
}

void broadcast(const communication::Communicator& ranks, checkpoint::ProblemShape& problem) {
  std::array<std::uint64_t, 4> values{problem.rows, problem.inputs, problem.target_columns, problem.classes};
  ranks.broadcast<std::uint64_t>(values);
  problem.rows = values[0];
  problem.inputs = values[1];
  problem.target_columns = values[2];
  problem.classes = values[3];
  std::uint64_t scaled = problem.target_scale.mean.size();
  ranks.broadcast<std::uint64_t>({&scaled, 1});
  for (std::vector<double>* values_of_columns : {&problem.target_scale.mean, &problem.target_scale.deviation}) {
    values_of_columns->resize(scaled);
    ranks.broadcast<double>(*values_of_columns);
  }
  std::string encoding = data::encoding_text(problem.encoding);
  ranks.broadcast(encoding);
  problem.encoding = data::parse_encoding(encoding, "the root's encoding");
}

template checkpoint::ProblemShape problem_shape(const Settings&, const data::Dataset<float>&);
template checkpoint::ProblemShape problem_shape(const Settings&, const data::Dataset<double>&);
template std::unique_ptr<model::Network<float>> make_network(const communication::Communicator&, const Settings&,
                                                             const checkpoint::ProblemShape&, std::uint64_t);
template std::unique_ptr<model::Network<double>> make_network(const communication::Communicator&, const Settings&,
                                                              const checkpoint::ProblemShape&, std::uint64_t);
template std::uint64_t evaluation_samples(std::uint64_t, std::initializer_list<const data::Dataset<float>*>);
template std::uint64_t evaluation_samples(std::uint64_t, std::initializer_list<const data::Dataset<double>*>);
template linear_algebra::AlignedVector<float> initial_parameters(const communication::Communicator&, const std::string&,
                                                                 const model::ParameterLayout&);
template linear_algebra::AlignedVector<double> initial_parameters(const communication::Communicator&,
                                                                  const std::string&, const model::ParameterLayout&);
template training::TrainingState<float> load_state(const communication::Communicator&, const std::filesystem::path&,
                                                   const model::ParameterLayout&, const optimize::Method<float>&,
                                                   const training::Shares&);
template training::TrainingState<double> load_state(const communication::Communicator&, const std::filesystem::path&,
                                                    const model::ParameterLayout&, const optimize::Method<double>&,
                                                    const training::Shares&);

}  // namespace cauchy::cli
