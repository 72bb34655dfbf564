// cauchy coefficients: what a generalized linear model says of each feature, and how surely.

#include <cmath>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cauchy/cli/coefficient_table.hpp"
#include "cauchy/cli/commands.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/cli/stored_run.hpp"
#include "cauchy/cli/training_data.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/model/coefficients.hpp"
#include "cauchy/reporting/number.hpp"
#include "cauchy/storage/atomic_file.hpp"
#include "cauchy/training/information.hpp"

namespace cauchy::cli {
namespace {

// Beyond this the matrix of the information, of which the root has some copies, and its inverse take too long.
constexpr std::uint64_t most_parameters = 5000;
// In standard errors. A hundredth of one moves no conclusion.
constexpr double close_enough = 0.01;

double level_of(const CommandLine& line) {
  const double level = line.number("level", 0.95);
  if (!(level > 0 && level < 1)) {
    throw core::UserError("command line: --level " + *line.value("level") +
                          ": a number between 0 and 1 is needed, such as 0.95");
  }
  return level;
}

/// Throws core::UserError unless the model's coefficients have standard errors that this command knows.
void check_model(const Settings& settings, const std::string& path, const model::Network<double>& network) {
  if (!settings.model.layers.empty()) {
    throw core::UserError(path +
                          ": the model has hidden layers, whose weights are no coefficients of features; "
                          "cauchy coefficients is for generalized linear models (model.layers empty)");
  }
  if (settings.model.embedding > 0) {
    throw core::UserError(path +
                          ": the model's features are tokens, which have vectors and no coefficients; categories "
                          "have some with data.categories = onehot");
  }
  if (!network.likelihood().has_curvature()) {
    throw core::UserError(
        path + ": model.likelihood = " + settings.model.likelihood +
        " has no second derivative at its median, and so no observed information that standard errors "
        "come from; student_t is as robust and has them");
  }
  if (settings.model.l2 > 0 || settings.model.l1 > 0) {
    throw core::UserError(path +
                          ": was fitted with a penalty (model.l2 or model.l1), which shrinks coefficients "
                          "towards 0: intervals around them would not cover what they claim; fit it again without");
  }
  const std::uint64_t parameters = network.layout().parameter_count();
  if (parameters > most_parameters) {
    throw core::UserError(path + ": the model has " + std::to_string(parameters) +
                          " parameters; this command inverts a "
                          "matrix with as many rows, and takes at most " +
                          std::to_string(most_parameters));
  }
}

/// B by output, the intercept first, from Θ: weights (inputs × outputs), intercepts (outputs). Relative to output 0
/// where it is left out.
std::vector<double> estimates_of(const model::Network<double>& network, std::span<const double> theta,
                                 std::size_t left_out) {
  const auto& tensors = network.layout().tensors();
  const std::size_t outputs = network.likelihood().outputs();
  const double* const weights = theta.data() + tensors[0].offset;
  const double* const intercepts = tensors.size() > 1 ? theta.data() + tensors[1].offset : nullptr;
  std::vector<double> estimates;
  for (std::size_t k = left_out; k < outputs; ++k) {
    if (intercepts != nullptr) {
      estimates.push_back(intercepts[k] - (left_out > 0 ? intercepts[0] : 0));
    }
    for (std::size_t j = 0; j < network.inputs(); ++j) {
      estimates.push_back(weights[j * outputs + k] - (left_out > 0 ? weights[j * outputs] : 0));
    }
  }
  return estimates;
}

model::LinearFit linear_fit(const model::Network<double>& network, std::span<const double> theta,
                            const data::Standardization& standardization, const training::Information& information,
                            const std::string& likelihood) {
  const std::size_t left_out = network.likelihood().relative_outputs() ? 1 : 0;
  model::LinearFit fit;
  fit.outputs = network.likelihood().outputs() - left_out;
  fit.inputs = network.inputs();
  fit.intercept = network.layout().tensors().size() > 1;
  fit.estimates = estimates_of(network, theta, left_out);
  fit.information = information.matrix;
  fit.gradient = information.gradient;
  fit.mean = standardization.mean;
  fit.scale = standardization.scale;
  fit.weight = information.weight;
  if (likelihood == "gaussian") {
    fit.residual_squares = information.squares;
  }
  return fit;
}

/// From a fit of (y - mean)/deviation to that of y: an output of location is so much wider, one of the logarithm of the
/// variance, which follows, only shifted. Where the variance comes from residuals, the NLL stays that of variance 1.
void to_target_units(const model::TargetScale& scale, model::LinearFit& fit) {
  const std::size_t block = fit.inputs + (fit.intercept ? 1 : 0);
  const std::size_t columns = scale.mean.size();
  const bool takes_variance_for_1 = !fit.residual_squares.empty();
  const auto factor = [&](std::size_t parameter) {
    return parameter / block < columns ? scale.deviation[parameter / block] : 1;
  };
  const std::size_t count = fit.estimates.size();
  for (std::size_t i = 0; i < count; ++i) {
    fit.estimates[i] *= factor(i);
    fit.gradient[i] *= takes_variance_for_1 ? factor(i) : 1 / factor(i);
    for (std::size_t j = 0; j <= i && !takes_variance_for_1; ++j) {
      fit.information[i * count + j] /= factor(i) * factor(j);
    }
  }
  for (std::size_t k = 0; k < fit.outputs && fit.intercept; ++k) {
    fit.estimates[k * block] += k < columns ? scale.mean[k] : 2 * std::log(scale.deviation[k - columns]);
  }
  for (std::size_t k = 0; k < fit.residual_squares.size(); ++k) {
    fit.residual_squares[k] *= scale.deviation[k] * scale.deviation[k];
  }
}

CoefficientNames names_of(const model::Network<double>& network, const std::vector<std::string>& features,
                          const data::Encoding& encoding) {
  CoefficientNames names;
  const std::vector<std::string> predictions = network.likelihood().prediction_names();
  const std::vector<std::string> classes = data::class_names(encoding);
  const auto class_name = [&](std::size_t k) { return classes.empty() ? std::to_string(k) : classes[k]; };
  for (std::size_t k = network.likelihood().relative_outputs() ? 1 : 0; k < network.likelihood().outputs(); ++k) {
    names.outputs.push_back(network.likelihood().relative_outputs()
                                ? "class " + class_name(k) + " against class " + class_name(0)
                                : predictions[k]);
  }
  for (std::size_t j = 0; j < network.inputs(); ++j) {
    names.inputs.push_back(features.empty() ? "x" + std::to_string(j) : features[j]);
  }
  return names;
}

double norm(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) {
    sum += value * value;
  }
  return std::sqrt(sum);
}

void warn_of_undetermined(const model::Coefficients& coefficients, const CoefficientNames& names) {
  std::string text;
  for (const model::Coefficient& coefficient : coefficients.all) {
    if (!coefficient.determined) {
      text += (text.empty() ? "" : ", ") + names.inputs[coefficient.input] +
              (names.outputs.size() > 1 ? " (" + names.outputs[coefficient.output] + ")" : "");
    }
  }
  if (!text.empty()) {
    std::cerr
        << "cauchy: warning: not determined, since each of these is constant, or a linear combination of features "
           "before it, whose coefficients have its effect: "
        << text << "\n";
  }
}

void report(const training::Information& information, const model::LinearFit& fit, const CoefficientNames& names,
            const CommandLine& line) {
  using reporting::short_text;
  const double level = level_of(line);
  const core::Doing doing("inverting the information");
  const model::Coefficients coefficients = model::infer(fit, level);
  std::cout << coefficient_table(coefficients, names, level) << "\n";
  for (std::size_t k = 0; k < coefficients.variances.size(); ++k) {
    std::cout << "variance of " << names.outputs[k] << "  " << short_text(coefficients.variances[k], 8) << ", of "
              << short_text(coefficients.degrees_of_freedom, 15) << " degrees of freedom\n";
  }
  std::cout << "NLL            " << short_text(information.nll / information.weight, 10) << " a sample\n"
            << "gradient norm  " << short_text(norm(fit.gradient) / information.weight) << "; the optimum is at most "
            << short_text(coefficients.distance, 3) << " standard errors away\n";
  warn_of_undetermined(coefficients, names);
  if (!(coefficients.distance <= close_enough)) {
    std::cerr << "cauchy: warning: these are not the maximum likelihood estimates: the optimum is up to "
              << short_text(coefficients.distance, 3)
              << " standard errors away; train on, with stop.gradient_norm below "
              << short_text(norm(fit.gradient) / information.weight, 1) << " (or is --data.train not what it was?)\n";
  }
  if (const auto output = line.value("output")) {
    storage::write_text_file(*output, coefficient_csv(coefficients, names));
    std::cout << "wrote          " << *output << "\n";
  }
}

core::ExitCode run_coefficients(const communication::Communicator& ranks, const CommandLine& line) {
  communication::agree(ranks, [&] { level_of(line); });
  Settings settings;
  const StoredRun run = open_stored_run(ranks, line, {"data.microbatch"}, settings);
  const auto network = make_network<double>(ranks, settings, run.problem);
  communication::agree_on_root(ranks, [&] {
    check_model(settings, run.path, *network);
    if (const auto output = line.value("output")) {
      check_output(*output, {run.path, settings.data.train});
    }
  });
  const TrainingReaders readers = open_training_data(ranks, settings, run.problem.encoding);
  check_columns(*readers.train, run.problem);
  const StoredModel fitted = load_model(ranks, run, settings);
  const training::Information information = training::measure_information(ranks, *readers.train, fitted.standardization,
                                                                          *network, fitted.theta, settings.data.shards);
  communication::agree_on_root(ranks, [&] {
    model::LinearFit fit =
        linear_fit(*network, fitted.theta, fitted.standardization, information, settings.model.likelihood);
    if (run.problem.target_scale.active()) {
      to_target_units(run.problem.target_scale, fit);
    }
    const std::vector<std::string> known = data::feature_names(run.problem.encoding);
    report(information, fit,
           names_of(*network, known.empty() ? readers.train->input_names() : known, run.problem.encoding), line);
  });
  return core::ExitCode::done;
}

}  // namespace

Command coefficients_command() {
  using Value = CommandOption::Value;
  return {{"coefficients",
           "Coefficients of a generalized linear model with standard errors and confidence intervals.",
           "",
           {checkpoint_option(),
            {"level", Value::required, "NUMBER", "of the confidence intervals: 0.95"},
            {"output", Value::required, "FILE.csv", "also write them to this file; replaced if it is there"}},
           true},
          run_coefficients};
}

}  // namespace cauchy::cli
