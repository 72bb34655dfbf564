// cauchy landscape: J on a plane through Θ.

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/checkpoint/store.hpp"
#include "cauchy/cli/commands.hpp"
#include "cauchy/cli/fresh_model.hpp"
#include "cauchy/cli/point.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/communication/channel.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/memory.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/model/random_direction.hpp"
#include "cauchy/optimize/plane.hpp"
#include "cauchy/reporting/number.hpp"
#include "cauchy/reporting/row_progress.hpp"
#include "cauchy/reporting/terminal.hpp"
#include "cauchy/storage/seal.hpp"
#include "cauchy/training/evaluation.hpp"
#include "cauchy/training/objective.hpp"
#include "cauchy/training/workers.hpp"

namespace cauchy::cli {
namespace {

using linear_algebra::AlignedVector;
using reporting::grouped;
using reporting::short_text;

constexpr double margin = 0.25;  // around a path, as a part of its extent

struct Plan {
  std::string set;         ///< data.train or data.test
  std::string directions;  ///< random, principal, parameters; empty: parameters where there are two, else random
  std::uint64_t points = 25;
  std::optional<double> range;        ///< to each side of Θ
  std::optional<std::uint64_t> seed;  ///< of random directions
  std::string output;
};

std::string word_of(const CommandLine& line, const std::string& option, const std::vector<std::string>& words) {
  std::string word = line.required(option);
  if (std::ranges::find(words, word) == words.end()) {
    std::string text;
    for (const std::string& known : words) {
      text += (text.empty() ? "" : ", ") + known;
    }
    throw core::UserError("command line: --" + option + " " + word + ": one of " + text + " is needed");
  }
  return word;
}

Plan plan_of(const CommandLine& line) {
  constexpr std::uint64_t most_seeds = std::numeric_limits<std::uint64_t>::max();
  Plan plan;
  plan.set = "data." + (line.has("set") ? word_of(line, "set", {"train", "test"}) : "train");
  plan.directions = line.has("directions") ? word_of(line, "directions", {"random", "principal", "parameters"}) : "";
  plan.points = line.count("points", plan.points, 2, 10'000);
  if (line.has("range")) {
    plan.range = line.number("range", 1);
    if (!(*plan.range > 0)) {
      throw core::UserError("command line: --range " + *line.value("range") + ": a number above 0 is needed");
    }
  }
  if (line.has("seed")) {
    plan.seed = line.count("seed", 0, 0, most_seeds);
  }
  plan.output = line.required("output");
  if (!plan.output.ends_with(".h5")) {
    throw core::UserError("command line: --output " + plan.output + ": the name must end in .h5");
  }
  if (plan.directions == "principal" && !line.has("checkpoint")) {
    throw core::UserError("command line: --directions principal goes with --checkpoint, whose folder holds the others");
  }
  return plan;
}

/// A checkpoint of the run, or where it started.
struct PathPoint {
  std::uint64_t step = 0;
  AlignedVector<double> theta;  ///< on the root
};

struct Axis {
  std::string name;
  double first = -1;
  double last = 1;

  double at(std::uint64_t index, std::uint64_t points) const {
    return first + (last - first) * static_cast<double>(index) / static_cast<double>(points - 1);
  }
};

/// What is computed, the same on all ranks.
struct Picture {
  std::string directions;
  std::string text;  ///< for people
  optimize::Plane plane;
  Axis alpha;
  Axis beta;
};

/// What was found, on the root.
struct Surface {
  std::vector<double> objective;  ///< (points of beta × points of alpha)
  std::vector<double> path;       ///< J at each point of the path, in or beside the plane
};

/// J at any Θ, penalty included, with nothing random.
class Evaluator {
 public:
  /// Collective.
  Evaluator(const communication::Communicator& ranks, const Settings& settings, const Point& point)
      : settings_(settings), point_(point), channel_(ranks, seconds_, communication::Channel::Overlap::off) {
    communication::agree(ranks, [&] {
      const std::uint64_t samples = evaluation_samples<double>(settings.data.rows_of_a_pass(), {point.data.get()});
      workers_.emplace(*point.model, samples, settings.run.threads, seconds_);
    });
  }

  /// Collective. The same bits on any number of ranks; NaN or infinite where J is.
  double operator()(std::span<const double> theta) {
    const training::Evaluation result = training::evaluate<double>(channel_, *point_.model, theta, *point_.data,
                                                                   settings_.data.rows_of_a_pass(), *workers_);
    return result.nll +
           training::penalty<double>(point_.model->layout(), theta, settings_.model.l2, settings_.model.l1);
  }

 private:
  const Settings& settings_;
  const Point& point_;
  core::PhaseSeconds seconds_;
  communication::Channel channel_;
  std::optional<training::Workers<double>> workers_;
};

/// Earlier checkpoints of the run in the folder of this one.
std::vector<checkpoint::NumberedCheckpoint> earlier_checkpoints(const Point& point) {
  const std::filesystem::path file = point.checkpoint;
  std::vector<checkpoint::NumberedCheckpoint> found =
      checkpoint::numbered(file.has_parent_path() ? file.parent_path() : ".");
  std::erase_if(found, [&](const checkpoint::NumberedCheckpoint& other) { return other.step >= point.steps; });
  return found;
}

void require_memory(std::uint64_t checkpoints, const model::ParameterLayout& layout) {
  const double bytes = static_cast<double>(checkpoints) * static_cast<double>(layout.padded_size()) * sizeof(double);
  if (bytes > static_cast<double>(core::machine_memory_bytes()) / 2) {
    throw core::UserError("the path has " + grouped(checkpoints) + " checkpoints, which take " +
                          reporting::bytes_text(bytes) +
                          " of memory together; move some to another folder, or take --directions random");
  }
}

/// Collective. From the start of training, where run.seed tells it, over the checkpoints to Θ. Of random directions Θ
/// alone: other points are far from the plane.
std::vector<PathPoint> find_path(const communication::Communicator& ranks, const Settings& settings, const Plan& plan,
                                 const std::string& directions, const Point& point) {
  std::vector<PathPoint> path;
  const bool whole = directions != "random" && !point.checkpoint.empty();
  if (whole && plan.set == "data.train" && settings.model.initial.empty()) {
    path.push_back({0, seeded_parameters<double>(ranks, settings, *point.model, point.network.get(), *point.data)});
  }
  communication::agree_on_root(ranks, [&] {
    const core::Doing doing("reading checkpoints");
    if (whole) {
      const std::vector<checkpoint::NumberedCheckpoint> earlier = earlier_checkpoints(point);
      require_memory(earlier.size() + 2, point.model->layout());
      for (const checkpoint::NumberedCheckpoint& checkpoint : earlier) {
        path.push_back({checkpoint.step, checkpoint::load_parameters<double>(checkpoint.path, point.model->layout())});
        core::note_progress();
      }
    }
    path.push_back({point.steps, point.theta});
  });
  return path;
}

/// The elements of Θ that are parameters, with their names.
std::vector<std::pair<std::size_t, std::string>> parameters_of(const model::ParameterLayout& layout) {
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const model::Tensor& tensor : layout.tensors()) {
    for (std::size_t i = 0; i < tensor.size; ++i) {
      found.emplace_back(tensor.offset + i, tensor.path() + (tensor.size > 1 ? "[" + std::to_string(i) + "]" : ""));
    }
  }
  return found;
}

Picture parameter_picture(const Point& point) {
  const auto parameters = parameters_of(point.model->layout());
  const std::size_t size = point.theta.size();
  Picture picture;
  picture.plane = {AlignedVector<double>(size, 0.0), AlignedVector<double>(size, 0.0),
                   AlignedVector<double>(size, 0.0)};
  picture.plane.a[parameters[0].first] = 1;
  picture.plane.b[parameters[1].first] = 1;
  picture.alpha.name = parameters[0].second;
  picture.beta.name = parameters[1].second;
  picture.text = "the two parameters";
  return picture;
}

Picture random_picture(const Point& point, std::uint64_t seed) {
  const model::ParameterLayout& layout = point.model->layout();
  Picture picture;
  picture.plane = {point.theta, model::random_direction(layout, point.theta, seed, 1),
                   model::random_direction(layout, point.theta, seed, 2)};
  if (!picture.plane.is_plane()) {
    throw core::UserError(
        "random directions have the lengths of the weights, and move no intercepts: at this point too few weights are "
        "not 0; take another point (--checkpoint), or --directions principal");
  }
  picture.alpha.name = "random direction 1";
  picture.beta.name = "random direction 2";
  picture.text =
      "two random directions of run.seed, or --seed = " + std::to_string(seed) + ", each unit as long as its weights";
  return picture;
}

std::string share_text(double share) {
  return short_text(100 * share, 3) + " %";
}

/// For the root.
Picture principal_picture(const Point& point, std::vector<PathPoint>& path) {
  std::vector<AlignedVector<double>> points;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    points.push_back(std::move(path[i].theta));
  }
  const std::optional<optimize::PrincipalPlane> found = optimize::principal_plane(points, point.theta);
  for (std::size_t i = 0; i < points.size(); ++i) {
    path[i].theta = std::move(points[i]);
  }
  if (!found) {
    throw core::UserError(
        "the checkpoints in the folder of " + point.checkpoint +
        " are fewer than three with where training started, or lie on a line: no plane goes through them; keep more "
        "(checkpoint.keep_every_steps), or take --directions random");
  }
  Picture picture;
  picture.plane = found->plane;
  picture.alpha.name = "principal direction 1, " + share_text(found->share_a);
  picture.beta.name = "principal direction 2, " + share_text(found->share_b);
  picture.text = "the principal directions of " + grouped(path.size()) + " points of the path, with " +
                 share_text(found->share_a) + " and " + share_text(found->share_b) + " of their squared distances";
  return picture;
}

void broadcast(const communication::Communicator& ranks, const Point& point, Picture& picture) {
  communication::agree(ranks, [&] {
    for (AlignedVector<double>* vector : {&picture.plane.origin, &picture.plane.a, &picture.plane.b}) {
      vector->resize(point.theta.size());
    }
  });
  for (AlignedVector<double>* vector : {&picture.plane.origin, &picture.plane.a, &picture.plane.b}) {
    ranks.broadcast<double>(*vector);
  }
}

std::vector<optimize::PlanePoint> coordinates(const optimize::Plane& plane, const std::vector<PathPoint>& path) {
  std::vector<optimize::PlanePoint> result(path.size());
  std::ranges::transform(path, result.begin(), [&](const PathPoint& point) { return plane.nearest(point.theta); });
  return result;
}

/// So that the path fits, with a margin. Axes that have one scale are as long as each other; so is one along which the
/// path has no extent.
void fit(const std::vector<optimize::PlanePoint>& path, bool one_scale, Axis& alpha, Axis& beta) {
  const auto [left, right] = std::ranges::minmax_element(path, {}, &optimize::PlanePoint::alpha);
  const auto [low, high] = std::ranges::minmax_element(path, {}, &optimize::PlanePoint::beta);
  const double longest = std::max(right->alpha - left->alpha, high->beta - low->beta);
  const auto set = [&](Axis& axis, double first, double last) {
    const double extent = longest == 0 ? 1 : one_scale || last == first ? longest : last - first;
    const double half = (1 + 2 * margin) * extent / 2;
    axis.first = (first + last) / 2 - half;
    axis.last = (first + last) / 2 + half;
  };
  set(alpha, left->alpha, right->alpha);
  set(beta, low->beta, high->beta);
}

/// For the root.
void set_ranges(const Plan& plan, const std::vector<optimize::PlanePoint>& path, Picture& picture) {
  if (!plan.range && picture.directions != "random") {
    fit(path, picture.directions == "parameters", picture.alpha, picture.beta);
    return;
  }
  const double range = plan.range.value_or(1);
  picture.alpha.first = path.back().alpha - range;
  picture.alpha.last = path.back().alpha + range;
  picture.beta.first = path.back().beta - range;
  picture.beta.last = path.back().beta + range;
}

/// Collective.
Picture make_picture(const communication::Communicator& ranks, const Settings& settings, const Plan& plan,
                     const std::string& directions, const Point& point, std::vector<PathPoint>& path) {
  Picture picture;
  communication::agree_on_root(ranks, [&] {
    picture = directions == "parameters"  ? parameter_picture(point)
              : directions == "principal" ? principal_picture(point, path)
                                          : random_picture(point, plan.seed.value_or(settings.run.seed));
    picture.directions = directions;
    set_ranges(plan, coordinates(picture.plane, path), picture);
  });
  broadcast(ranks, point, picture);
  std::array<double, 4> ends{picture.alpha.first, picture.alpha.last, picture.beta.first, picture.beta.last};
  ranks.broadcast<double>(ends);
  picture.alpha.first = ends[0];
  picture.alpha.last = ends[1];
  picture.beta.first = ends[2];
  picture.beta.last = ends[3];
  return picture;
}

/// Collective. The root's path, and the points of the grid, row by row.
Surface evaluate(const communication::Communicator& ranks, const Settings& settings, const Plan& plan,
                 const Point& point, const Picture& picture, const std::vector<PathPoint>& path) {
  Evaluator evaluator(ranks, settings, point);
  Surface surface;
  AlignedVector<double> theta;
  std::uint64_t of_path = path.size();
  communication::agree(ranks, [&] { theta.resize(point.theta.size()); });
  ranks.broadcast<std::uint64_t>({&of_path, 1});
  const std::uint64_t of_grid = plan.points * plan.points;
  reporting::RowProgress progress(std::cout, ranks.is_root() && reporting::output_is_terminal(), "computed",
                                  of_path + of_grid, "points");
  const auto compute = [&](std::vector<double>& results, std::uint64_t done) {
    results.push_back(evaluator(theta));
    if (ranks.is_root()) {
      progress.advance(done);
    }
  };
  for (std::uint64_t i = 0; i < of_path; ++i) {
    if (ranks.is_root()) {
      std::ranges::copy(path[i].theta, theta.begin());
    }
    ranks.broadcast<double>(theta);
    compute(surface.path, i + 1);
  }
  for (std::uint64_t i = 0; i < of_grid; ++i) {
    picture.plane.write({picture.alpha.at(i % plan.points, plan.points), picture.beta.at(i / plan.points, plan.points)},
                        theta);
    compute(surface.objective, of_path + i + 1);
  }
  return surface;
}

/// For the root.
void write(const Settings& settings, const Plan& plan, const Point& point, const Picture& picture,
           const std::vector<PathPoint>& path, const Surface& surface) {
  const auto numbers = [&](const auto& list, const auto& number_of) {
    std::vector<double> result(list.size());
    std::ranges::transform(list, result.begin(), number_of);
    return result;
  };
  const auto grid_of = [&](const Axis& axis) {
    std::vector<double> grid;
    for (std::uint64_t i = 0; i < plan.points; ++i) {
      grid.push_back(axis.at(i, plan.points));
    }
    return grid;
  };
  const std::vector<optimize::PlanePoint> on_plane = coordinates(picture.plane, path);
  storage::write_sealed(plan.output, data::sealed_data, [&](storage::File& file) {
    const auto write_list = [&](const std::string& name, const std::vector<double>& values) {
      file.write<double>(name, {values.size()}, values);
    };
    write_list("/alpha", grid_of(picture.alpha));
    write_list("/beta", grid_of(picture.beta));
    file.write<double>("/objective", {plan.points, plan.points}, surface.objective);
    write_list("/path/alpha", numbers(on_plane, [](const optimize::PlanePoint& p) { return p.alpha; }));
    write_list("/path/beta", numbers(on_plane, [](const optimize::PlanePoint& p) { return p.beta; }));
    write_list("/path/objective", surface.path);
    write_list("/path/step", numbers(path, [](const PathPoint& p) { return static_cast<double>(p.step); }));
    const auto attribute = [&](const std::string& name, const std::string& text) {
      file.write_attribute<std::string>("/", name, text);
    };
    attribute("content", "landscape");
    attribute("directions", picture.directions);
    attribute("alpha_name", picture.alpha.name);
    attribute("beta_name", picture.beta.name);
    attribute("objective", settings.model.l2 > 0 || settings.model.l1 > 0 ? "NLL in nats a sample, with the penalty"
                                                                          : "NLL in nats a sample");
    attribute("data", plan.set + " = " + point.data->source().path);
    attribute("point", point.text);
  });
}

std::string range_text(const Axis& axis) {
  return axis.name + " from " + short_text(axis.first) + " to " + short_text(axis.last);
}

void describe(const Plan& plan, const Point& point, const Picture& picture) {
  std::cout << "point       " << point.text << ": " << grouped(point.model->layout().parameter_count())
            << " parameters\ndata        " << point.data->source().path << ": " << grouped(point.data->shape().rows)
            << " samples, in double precision\nplane       " << picture.text << "\ngrid        " << grouped(plan.points)
            << " × " << grouped(plan.points) << " points: " << range_text(picture.alpha) << ", "
            << range_text(picture.beta) << "\n"
            << std::flush;
}

void report(const Plan& plan, const std::vector<PathPoint>& path, const Surface& surface) {
  std::vector<double> finite = surface.objective;
  std::erase_if(finite, [](double value) { return !std::isfinite(value); });
  std::cout << "objective   " << short_text(surface.path.back(), 10) << " at the point";
  if (!finite.empty()) {
    const auto [least, largest] = std::ranges::minmax_element(finite);
    std::cout << "; from " << short_text(*least) << " to " << short_text(*largest) << " on the grid";
  }
  if (finite.size() < surface.objective.size()) {
    std::cout << "; NaN or infinite at " << grouped(surface.objective.size() - finite.size()) << " points of it";
  }
  std::cout << "\npath        " << grouped(path.size()) << (path.size() == 1 ? " point: step " : " points: steps ")
            << grouped(path.front().step);
  if (path.size() > 1) {
    std::cout << " to " << grouped(path.back().step);
  }
  std::cout << "\nwritten     " << plan.output << std::endl;
}

std::string directions_of(const Plan& plan, const Point& point) {
  const std::size_t parameters = point.model->layout().parameter_count();
  if (parameters < 2) {
    throw core::UserError("the model has one parameter, and a plane needs two").as_agreed();
  }
  if (plan.directions == "parameters" && parameters != 2) {
    throw core::UserError("--directions parameters is for models of two parameters; this one has " +
                          grouped(parameters))
        .as_agreed();
  }
  return !plan.directions.empty() ? plan.directions : parameters == 2 ? "parameters" : "random";
}

core::ExitCode run_landscape(const communication::Communicator& ranks, const CommandLine& line) {
  Plan plan;
  communication::agree(ranks, [&] { plan = plan_of(line); });
  Settings settings;
  const Point point = open_point(ranks, line, plan.set, settings);
  communication::agree_on_root(ranks, [&] {
    check_output(plan.output, {settings.data.train, settings.data.test, point.checkpoint});
  });
  const std::string directions = directions_of(plan, point);
  std::vector<PathPoint> path = find_path(ranks, settings, plan, directions, point);
  const Picture picture = make_picture(ranks, settings, plan, directions, point, path);
  if (ranks.is_root()) {
    describe(plan, point, picture);
  }
  const Surface surface = evaluate(ranks, settings, plan, point, picture, path);
  communication::agree_on_root(ranks, [&] {
    write(settings, plan, point, picture, path, surface);
    report(plan, path, surface);
  });
  return core::ExitCode::done;
}

}  // namespace

Command landscape_command() {
  using Value = CommandOption::Value;
  return {{"landscape",
           "Computes J on a plane through the parameters, for a picture of it (scripts/plot_landscape.py).",
           "",
           {initial_point_option(),
            stored_point_option(),
            {"output", Value::required, "FILE.h5", "replaced if it is there"},
            {"directions", Value::required, "WORD",
             "random; principal, of the checkpoints in the folder; parameters, of a model that has two"},
            {"points", Value::required, "NUMBER", "of the grid, along each side: 25"},
            {"range", Value::required, "NUMBER",
             "to each side of the point: 1 for random directions, else so that the path of the run fits"},
            {"seed", Value::required, "NUMBER", "of random directions: run.seed"},
            {"set", Value::required, "WORD", "the samples that J is the mean over: train, or test"}},
           true},
          run_landscape};
}

}  // namespace cauchy::cli
