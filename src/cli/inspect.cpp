// cauchy inspect: what is in a checkpoint or a data file.

#include <iostream>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/cli/commands.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/reporting/number.hpp"
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

void inspect_data(const std::string& path) {
  const bool is_sealed = storage::is_sealed(path, data::sealed_data);
  if (is_sealed) {
    storage::verify_seal(path, data::sealed_data);
  }
  if (!storage::is_hdf5(path)) {
    throw core::UserError(path + ": is neither a checkpoint nor an HDF5 file");
  }
  const storage::File file = storage::File::open(path);
  if (!is_sealed) {
    storage::require_unsealed(file);
  }
  std::cout << "data file " << path << (is_sealed ? ", undamaged" : "") << "\n";
  list_group(file, "/", 0);
}

void inspect(const std::string& path) {
  require_file("inspect", path);
  checkpoint::is_checkpoint(path) ? inspect_checkpoint(path) : inspect_data(path);
}

core::ExitCode run_inspect(const communication::Communicator& ranks, const CommandLine& line) {
  communication::agree_on_root(ranks, [&] { inspect(line.positional()); });
  return core::ExitCode::done;
}

}  // namespace

Command inspect_command() {
  return {{"inspect",
           "Shows a checkpoint or a data file: shapes, names, configuration, digest of the parameters.",
           "FILE",
           {},
           false},
          run_inspect};
}

}  // namespace cauchy::cli
