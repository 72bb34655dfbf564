// A problem that a program brings along.

#include "cauchy/cli/own_problem.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/error.hpp"

namespace cauchy::cli {
namespace {

constexpr const char* program = "the program";

/// Of networks, and of what only networks make of data.
bool is_of_networks(std::string_view key) {
  constexpr std::array of_any_model{"model.l1", "model.l2", "model.initial"};
  constexpr std::array of_data{"data.standardize_targets", "data.categories", "data.context"};
  return key.starts_with("model.") ? std::ranges::find(of_any_model, key) == of_any_model.end()
                                   : std::ranges::find(of_data, key) != of_data.end();
}

[[noreturn]] void refuse(const config::ResolvedValue& value, const std::string& why) {
  throw core::UserError(value.source + ": " + value.key + " = " + value.value + ": " + why);
}

/// On the root.
void check_settings(const Settings& settings) {
  for (const config::ResolvedValue& value : settings.resolution.values) {
    const bool is_set = value.value != value.default_value;
    if (is_set && is_of_networks(value.key)) {
      refuse(value, "is for networks, but this program fits a model of its own, " + settings.own.name +
                        "; of [model] that has l1, l2 and initial");
    }
    if (is_set && settings.own.rows.contains(value.key)) {
      refuse(value, "this program brings these samples along itself");
    }
    if (value.key == "run.precision" && value.value != "double" && value.source != "default") {
      refuse(value, "a program's own model computes in double");
    }
    if (value.key == "data.format" && value.value == "bytes") {
      refuse(value, "is for networks of tokens");
    }
  }
}

}  // namespace

void settle_own_problem(const communication::Communicator& ranks, Settings& settings) {
  if (settings.own.model == nullptr) {
    return;
  }
  communication::agree_on_root(ranks, [&] { check_settings(settings); });
  settle(ranks, settings, "run.precision", "double", program);
  for (const auto& [key, rows] : settings.own.rows) {
    settle(ranks, settings, key, "rows of the program", program);
  }
}

void check_own_problem(const data::Reader& reader, const Settings& settings) {
  const OwnProblem& own = settings.own;
  const data::SourceShape& shape = reader.shape();
  if (shape.sparse) {
    throw core::UserError(data::at(reader.source()) + "is sparse; a program's own model takes dense features")
        .as_agreed();
  }
  if (shape.inputs != own.inputs || shape.target_columns != own.target_columns) {
    throw core::UserError(data::at(reader.source()) + "has " + std::to_string(shape.inputs) + " features and " +
                          std::to_string(shape.target_columns) + " targets; " + own.name + " takes " +
                          std::to_string(own.inputs) + " and " + std::to_string(own.target_columns))
        .as_agreed();
  }
}

}  // namespace cauchy::cli
