// cauchy inspect: what is in a checkpoint or a data file.

#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/cli/commands.hpp"
#include "cauchy/cli/data_report.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/communication/watchdog.hpp"
#include "cauchy/config/sources.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/data/reader.hpp"
#include "cauchy/data/source_files.hpp"
#include "cauchy/data/summary.hpp"
#include "cauchy/reporting/number.hpp"
#include "cauchy/reporting/row_progress.hpp"
#include "cauchy/reporting/terminal.hpp"
#include "cauchy/storage/file.hpp"
#include "cauchy/storage/seal.hpp"

namespace cauchy::cli {
namespace {

void inspect_checkpoint(const std::string& path) {
  const checkpoint::Header header = checkpoint::read_header(path);
  std::cout << "checkpoint " << path << ", format " << header.version << ", by cauchy " << header.cauchy_version
            << ", undamaged\n"
            << "step " << header.stopping.steps << ", epoch " << header.sampler.epoch << ", " << header.history.samples
            << " samples used\n"
            << "last batch: NLL " << reporting::short_text(header.stopping.nll, 8) << ", gradient norm "
            << reporting::short_text(header.stopping.gradient_norm, 8) << "\n";
  if (header.stopping.best_step > 0) {
    std::cout << "best validation NLL " << reporting::short_text(header.stopping.best_validation_nll, 8)
              << ", after step " << header.stopping.best_step << "\n";
  }
  if (!header.stop_reason.empty()) {
    std::cout << "training ended there, stopped by " << header.stop_reason << "\n";
  }
  std::cout << "parameters in " << header.precision << ", products by " << header.product_backend << " ("
            << header.instruction_set << ")\n\nparameters\n";
  std::uint64_t total = 0;
  for (const checkpoint::TensorInfo& tensor : header.tensors) {
    std::uint64_t size = 1;
    for (const std::uint64_t extent : tensor.shape) {
      size *= extent;
    }
    total += size;
    std::cout << "  /parameters/" << tensor.path << "  " << storage::shape_text(tensor.shape) << "\n";
  }
  std::cout << "  " << reporting::grouped(total) << " in all\n\nconfiguration\n"
            << header.configuration << "\n"
            << "parameters digest: " << checkpoint::parameters_digest(path) << "\n";
}

// Links may go nowhere or round in circles.
constexpr int deepest_group = 16;

void list_group(const storage::File& file, const std::string& group, int depth) {
  for (const std::string& member : file.members(group)) {
    const std::string name = (group == "/" ? "" : group) + "/" + member;
    if (!file.has(name)) {
      std::cout << "  " << name << "  link to nowhere\n";
    } else if (!file.is_group(name)) {
      const storage::DatasetInfo info = file.info(name);
      std::cout << "  " << name << "  " << storage::shape_text(info.shape) << "  "
                << storage::element_type_name(info.type) << "\n";
    } else if (depth < deepest_group) {
      list_group(file, name, depth + 1);
    } else {
      std::cout << "  " << name << "  and so on\n";
    }
  }
}

/// What an HDF5 file holds, and what of it can be looked at as samples.
struct Found {
  bool features = true;
  bool targets = true;

  Found& operator&=(const Found& other) {
    features = features && other.features;
    targets = targets && other.targets;
    return *this;
  }
};

Found list_file(const std::string& path, const data::Source& source) {
  const bool is_sealed = storage::is_sealed(path, data::sealed_data);
  if (is_sealed) {
    storage::verify_seal(path, data::sealed_data);
  }
  std::cout << "data file " << path << (is_sealed ? ", undamaged" : "") << "\n";
  if (!storage::is_hdf5(path)) {
    return {};
  }
  const storage::File file = storage::File::open(path);
  if (!is_sealed) {
    storage::require_unsealed(file);
  }
  list_group(file, "/", 0);
  return {data::has_datasets(file, source.features), data::has_datasets(file, source.targets)};
}

/// What the columns are called, where the data know it: "x0", "x1", ... else.
std::vector<std::string> input_names(const data::Reader& reader) {
  std::vector<std::string> names = reader.input_names();
  for (std::uint64_t i = names.size(); i < reader.shape().inputs; ++i) {
    names.push_back("x" + std::to_string(i));
  }
  return names;
}

/// Collective. The root looks at all rows.
void inspect_samples(const communication::Communicator& ranks, const data::Source& source) {
  const std::unique_ptr<const data::Reader> reader = data::open_reader(ranks, source);
  communication::agree_on_root(ranks, [&] {
    reporting::RowProgress progress(std::cout, reporting::output_is_terminal(), "looked at", reader->shape().rows);
    const data::Summary summary = data::summarize(*reader, [&](std::uint64_t rows) { progress.advance(rows); });
    std::cout << "\n" << data_report(summary, *reader, input_names(*reader), data::class_names(reader->encoding()));
  });
}

void inspect_data(const communication::Communicator& ranks, const std::string& path, const CommandLine& line) {
  config::Sources sources;
  sources.environment = config::environment_variables();
  sources.arguments = line.configuration();
  Settings settings;
  resolve_settings(ranks, sources, settings);
  communication::start_watchdog(ranks, settings.run.watchdog_seconds);
  data::Source source = settings.source("inspect", path);
  source.weights.clear();
  source.any_value = true;
  source.tell = nullptr;  // nothing becomes of the data here
  Found found;
  communication::agree_on_root(ranks, [&] {
    for (const std::string& file : data::files_of(source)) {
      found &= list_file(file, source);
    }
  });
  std::array<std::int32_t, 2> flags{found.features ? 1 : 0, found.targets ? 1 : 0};
  ranks.broadcast<std::int32_t>(flags);
  if (flags[0] != 0) {
    source.features_alone = flags[1] == 0;
    inspect_samples(ranks, source);
  } else if (ranks.is_root()) {
    std::cout << "\nnone of these is called " << source.features
              << ": --data.features=NAME and --data.targets=NAME say which ones to look at\n";
  }
}

core::ExitCode run_inspect(const communication::Communicator& ranks, const CommandLine& line) {
  const std::string& path = line.positional();
  std::int32_t is_checkpoint = 0;
  communication::agree_on_root(ranks, [&] {
    const std::vector<std::string> files = data::files_of({"inspect", path, "", ""});
    std::ranges::for_each(files, [](const std::string& file) { require_file("inspect", file); });
    if (files.size() == 1 && checkpoint::is_checkpoint(files.front())) {
      is_checkpoint = 1;
      inspect_checkpoint(files.front());
    }
  });
  ranks.broadcast<std::int32_t>({&is_checkpoint, 1});
  if (is_checkpoint == 0) {
    inspect_data(ranks, path, line);
  }
  return core::ExitCode::done;
}

}  // namespace

Command inspect_command() {
  return {
      {"inspect",
       "Shows a checkpoint (shapes, configuration, digest of the parameters) or a data file (ranges, values at fault, "
       "targets, the likelihood that suits them). Several files of one data set go between commas, or as a pattern in "
       "quotes.",
       "FILE",
       {},
       true},
      run_inspect};
}

}  // namespace cauchy::cli
