// State ↔ HDF5.

#include "cauchy/checkpoint/checkpoint_file.hpp"

#include <algorithm>
#include <type_traits>

#include "cauchy/core/error.hpp"
#include "cauchy/core/sha256.hpp"
#include "cauchy/core/version.hpp"
#include "cauchy/linear_algebra/sums.hpp"
#include "cauchy/storage/file.hpp"
#include "cauchy/storage/seal.hpp"

namespace cauchy::checkpoint {
namespace {

using model::ParameterLayout;
using model::Tensor;
using storage::File;
using training::TrainingState;

constexpr storage::SealKind kind{"checkpoint", format_version};
constexpr const char* encoding_dataset = "/encoding";

template <typename Real>
constexpr const char* precision_name() {
  return std::is_same_v<Real, float> ? "float" : "double";
}

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw core::InputOutputError(path.string() + ": " + what);
}

std::string member(const std::string& group, const std::string& name) {
  return group + "/" + name;
}

// ---- named numbers ----

template <typename Real>
void write_scalars(File& file, const TrainingState<Real>& state) {
  state.visit_scalars(state, [&](const std::string& part, const std::string& field, const auto& value) {
    file.create_group("/" + part);
    file.write_attribute("/" + part, field, value);
  });
}

template <typename Real>
void read_scalars(const File& file, TrainingState<Real>& state) {
  state.visit_scalars(state, [&]<typename T>(const std::string& part, const std::string& field, T& value) {
    value = file.read_attribute<T>("/" + part, field);
  });
}

// ---- vectors in layout order ----

std::vector<std::uint64_t> natural_shape(const Tensor& tensor) {
  return {tensor.shape.begin(), tensor.shape.end()};
}

/// Writes the tensors of a vector under a group.
template <typename Real>
void write_tensors(File& file, const std::string& group, const ParameterLayout& layout, std::span<const Real> values) {
  if (values.size() != layout.padded_size()) {
    throw std::logic_error(group + " has " + std::to_string(values.size()) + " elements, its layout " +
                           std::to_string(layout.padded_size()));
  }
  file.create_group(group);
  for (const Tensor& tensor : layout.tensors()) {
    const std::string path = member(group, tensor.path());
    file.write<Real>(path, natural_shape(tensor), values.subspan(tensor.offset, tensor.size), storage::Layout::checked);
    file.write_attribute(path, "index", std::uint64_t{tensor.index});
  }
}

template <typename Real>
linear_algebra::AlignedVector<Real> read_tensors(const File& file, const std::string& group,
                                                 const ParameterLayout& layout) {
  linear_algebra::AlignedVector<Real> values(layout.padded_size(), Real{0});
  for (const Tensor& tensor : layout.tensors()) {
    file.read<Real>(member(group, tensor.path()), std::span(values).subspan(tensor.offset, tensor.size));
  }
  return values;
}

/// The members of a group in the order of their attribute `index`.
std::vector<std::string> in_order(const File& file, const std::string& group, std::vector<std::string> names) {
  std::ranges::sort(names, {}, [&](const std::string& name) {
    return file.read_attribute<std::uint64_t>(member(group, name), "index");
  });
  return names;
}

/// The tensors under a group, in the order of Θ.
std::vector<TensorInfo> tensors_under(const File& file, const std::string& group) {
  std::vector<std::string> paths;
  for (const std::string& layer : file.members(group)) {
    for (const std::string& tensor : file.members(member(group, layer))) {
      paths.push_back(member(layer, tensor));
    }
  }
  std::vector<TensorInfo> tensors;
  for (const std::string& path : in_order(file, group, std::move(paths))) {
    tensors.push_back({path, file.info(member(group, path)).shape});
  }
  return tensors;
}

/// In words, one line each, how the tensors in a file differ from a layout.
std::string differences(const std::vector<TensorInfo>& found, const ParameterLayout& layout) {
  std::string text;
  for (const Tensor& tensor : layout.tensors()) {
    const auto match = std::ranges::find(found, tensor.path(), &TensorInfo::path);
    if (match == found.end()) {
      text += "\n  " + tensor.path() + ": missing in the file, " + storage::shape_text(natural_shape(tensor)) +
              " in the model";
    } else if (match->shape != natural_shape(tensor)) {
      text += "\n  " + tensor.path() + ": " + storage::shape_text(match->shape) + " in the file, " +
              storage::shape_text(natural_shape(tensor)) + " in the model";
    }
  }
  for (const TensorInfo& info : found) {
    if (std::ranges::find(layout.tensors(), info.path, &Tensor::path) == layout.tensors().end()) {
      text += "\n  " + info.path + ": " + storage::shape_text(info.shape) + " in the file, missing in the model";
    }
  }
  return text;
}

void require_layout(const File& file, const std::string& group, const ParameterLayout& layout) {
  const std::string text = differences(tensors_under(file, group), layout);
  if (!text.empty()) {
    throw core::UserError(file.path().string() + ": " + group + " belongs to another model:" + text +
                          "\nUse the configuration that the checkpoint was made with (cauchy inspect shows it).");
  }
}

void require_precision(const File& file, const std::string& expected) {
  const auto found = file.read_attribute<std::string>("/", "precision");
  if (found != expected) {
    throw core::UserError(file.path().string() + ": holds numbers of precision " + found + ", not " + expected +
                          " (hint: run.precision = " + found + ")");
  }
}

// ---- parts of the file ----

void write_vector(File& file, const std::string& dataset, const std::vector<double>& values) {
  file.write<double>(dataset, {values.size()}, values, storage::Layout::checked);
}

template <typename T>
std::vector<T> read_vector(const File& file, const std::string& dataset) {
  const std::vector<std::uint64_t> shape = file.info(dataset).shape;
  if (shape.size() != 1) {
    fail(file.path(), dataset + " is " + storage::shape_text(shape) + ", not a vector");
  }
  std::vector<T> values(shape[0]);
  file.read<T>(dataset, values);
  return values;
}

constexpr const char* target_mean = "/standardisation/target_mean";
constexpr const char* target_deviation = "/standardisation/target_deviation";

void write_target_scale(File& file, const model::TargetScale& scale) {
  if (scale.active()) {
    write_vector(file, target_mean, scale.mean);
    write_vector(file, target_deviation, scale.deviation);
  }
}

model::TargetScale read_target_scale(const File& file) {
  if (!file.has(target_mean)) {
    return {};
  }
  return {read_vector<double>(file, target_mean), read_vector<double>(file, target_deviation)};
}

void write_description(File& file, const Description& description) {
  file.write_attribute("/", "format_version", format_version);
  file.write_attribute("/", "cauchy_version", std::string(core::version()));
  file.write_attribute("/", "instruction_set", description.instruction_set);
  file.write_attribute("/", "product_backend", description.product_backend);
  file.write_text("/configuration", description.configuration);
  file.create_group("/problem");
  file.write_attribute("/problem", "rows", description.problem.rows);
  file.write_attribute("/problem", "inputs", description.problem.inputs);
  file.write_attribute("/problem", "target_columns", description.problem.target_columns);
  file.write_attribute("/problem", "classes", description.problem.classes);
  write_target_scale(file, description.problem.target_scale);
  if (description.problem.encoding.active()) {
    file.write_text(encoding_dataset, data::encoding_text(description.problem.encoding));
  }
}

data::Encoding read_encoding(const File& file) {
  return file.has(encoding_dataset) ? data::parse_encoding(file.read_text(encoding_dataset), file.path().string())
                                    : data::Encoding{};
}

template <typename Real>
void write_method(File& file, const ParameterLayout& layout, const TrainingState<Real>& state) {
  write_tensors<Real>(file, "/parameters", layout, state.method.x);
  file.create_group("/optimizer");
  std::uint64_t index = 0;
  for (const optimize::Slot<Real>& slot : state.slots()) {
    const std::string group = "/optimizer/" + slot.name;
    write_tensors<Real>(file, group, layout, slot.values);
    file.write_attribute(group, "index", index++);
  }
  for (const optimize::Number& number : state.method.numbers) {
    file.write_attribute("/optimizer", number.name, number.value);
  }
}

template <typename Real>
optimize::MethodState<Real> read_method(const File& file, const ParameterLayout& layout) {
  require_layout(file, "/parameters", layout);
  optimize::MethodState<Real> method;
  method.x = read_tensors<Real>(file, "/parameters", layout);
  for (const std::string& slot : in_order(file, "/optimizer", file.members("/optimizer"))) {
    require_layout(file, "/optimizer/" + slot, layout);
    method.slots.push_back({slot, read_tensors<Real>(file, "/optimizer/" + slot, layout)});
  }
  for (const std::string& number : file.attributes("/optimizer")) {
    method.numbers.push_back({number, file.read_attribute<double>("/optimizer", number)});
  }
  return method;
}

void write_standardization(File& file, const data::Standardization& standardization) {
  if (!standardization.active()) {
    return;
  }
  write_vector(file, "/standardisation/mean", standardization.mean);
  write_vector(file, "/standardisation/scale", standardization.scale);
}

data::Standardization read_standardization(const File& file) {
  if (!file.has("/standardisation/mean")) {
    return {};
  }
  return {read_vector<double>(file, "/standardisation/mean"), read_vector<double>(file, "/standardisation/scale")};
}

void write_units(File& file, const reduction::Units& units) {
  if (units.exponents.empty()) {
    return;
  }
  const auto write = [&](const std::string& name, const std::vector<std::int32_t>& values) {
    file.write<std::int32_t>("/reduction/" + name, {values.size()}, values, storage::Layout::checked);
  };
  write("units", units.exponents);
  write("ages", units.ages);
}

reduction::Units read_units(const File& file) {
  if (!file.has("/reduction")) {
    return {};
  }
  return {read_vector<std::int32_t>(file, "/reduction/units"), read_vector<std::int32_t>(file, "/reduction/ages")};
}

training::StopReason read_stop_reason(const File& file) {
  const auto name = file.read_attribute<std::string>("/", "stop_reason");
  const auto reason = training::stop_reason_named(name);
  return reason ? *reason
                : throw core::InputOutputError(file.path().string() + ": no reason to stop is called " + name);
}

constexpr const char* residuals_group = "/reduction/residuals";

template <typename Real>
void write_residuals(File& file, const ParameterLayout& layout, const training::Residuals<Real>& residuals) {
  for (std::size_t shard = 0; shard < residuals.size(); ++shard) {
    write_tensors<Real>(file, member(residuals_group, std::to_string(shard)), layout, residuals[shard]);
  }
}

template <typename Real>
training::Residuals<Real> read_residuals(const File& file, const ParameterLayout& layout) {
  training::Residuals<Real> residuals;
  if (file.has(residuals_group)) {
    const std::size_t shards = file.members(residuals_group).size();
    for (std::size_t shard = 0; shard < shards; ++shard) {
      const std::string group = member(residuals_group, std::to_string(shard));
      require_layout(file, group, layout);
      residuals.push_back(read_tensors<Real>(file, group, layout));
    }
  }
  return residuals;
}

template <typename Real>
void update_digest(core::Sha256& digest, const File& file, const TensorInfo& tensor) {
  std::uint64_t size = 1;
  for (const std::uint64_t extent : tensor.shape) {
    size *= extent;
  }
  std::vector<Real> values(size);
  file.read<Real>("/parameters/" + tensor.path, values);
  digest.update(std::as_bytes(std::span(values)));
}

}  // namespace

template <typename Real>
storage::WritingCost save(const std::filesystem::path& path, const Description& description,
                          const TrainingState<Real>& state) {
  // All members: a new one does not compile until it has its place in the file, here and in load().
  [[maybe_unused]] const auto& [method, sampler, stopping, history, plateau, divergence, standardization, units,
                                residuals, stop, whole_slots] = state;
  return storage::write_sealed(path, kind, [&](File& file) {
    write_description(file, description);
    file.write_attribute("/", "precision", std::string(precision_name<Real>()));
    file.write_attribute("/", "stop_reason", std::string(training::stop_reason_name(state.stop)));
    write_method(file, description.layout, state);
    write_scalars(file, state);  // of sampler, stopping, history, plateau and divergence
    write_standardization(file, state.standardization);
    write_units(file, state.units);
    write_residuals<Real>(file, description.layout, state.residuals);
  });
}

bool is_checkpoint(const std::filesystem::path& path) {
  return storage::is_sealed(path, kind);
}

void verify(const std::filesystem::path& path) {
  storage::verify_seal(path, kind);
}

Header read_header(const std::filesystem::path& path) {
  verify(path);
  const File file = File::open(path);
  TrainingState<float> scalars;
  read_scalars(file, scalars);
  return {.version = file.read_attribute<std::uint64_t>("/", "format_version"),
          .cauchy_version = file.read_attribute<std::string>("/", "cauchy_version"),
          .instruction_set = file.read_attribute<std::string>("/", "instruction_set"),
          .product_backend = file.read_attribute<std::string>("/", "product_backend"),
          .precision = file.read_attribute<std::string>("/", "precision"),
          .stop_reason = file.read_attribute<std::string>("/", "stop_reason"),
          .configuration = file.read_text("/configuration"),
          .problem = {.rows = file.read_attribute<std::uint64_t>("/problem", "rows"),
                      .inputs = file.read_attribute<std::uint64_t>("/problem", "inputs"),
                      .target_columns = file.read_attribute<std::uint64_t>("/problem", "target_columns"),
                      .classes = file.read_attribute<std::uint64_t>("/problem", "classes"),
                      .target_scale = read_target_scale(file),
                      .encoding = read_encoding(file)},
          .tensors = tensors_under(file, "/parameters"),
          .sampler = scalars.sampler,
          .stopping = scalars.stopping,
          .history = scalars.history};
}

template <typename Real>
TrainingState<Real> load(const std::filesystem::path& path, const ParameterLayout& layout) {
  verify(path);
  const File file = File::open(path);
  require_precision(file, precision_name<Real>());
  TrainingState<Real> state;
  state.method = read_method<Real>(file, layout);
  read_scalars(file, state);
  state.standardization = read_standardization(file);
  state.units = read_units(file);
  state.residuals = read_residuals<Real>(file, layout);
  state.stop = read_stop_reason(file);
  return state;
}

template <typename Real>
linear_algebra::AlignedVector<Real> load_parameters(const std::filesystem::path& path, const ParameterLayout& layout) {
  verify(path);
  const File file = File::open(path);
  require_layout(file, "/parameters", layout);
  auto theta = read_tensors<Real>(file, "/parameters", layout);
  if (!linear_algebra::all_finite<Real>(theta)) {
    throw core::UserError(path.string() + ": holds parameters too large for run.precision = " + precision_name<Real>());
  }
  return theta;
}

template <typename Real>
std::string parameters_digest(const ParameterLayout& layout, std::span<const Real> theta) {
  core::Sha256 digest;
  for (const Tensor& tensor : layout.tensors()) {
    digest.update(std::as_bytes(theta.subspan(tensor.offset, tensor.size)));
  }
  return "sha256:" + digest.hex();
}

std::string parameters_digest(const std::filesystem::path& path) {
  verify(path);
  const File file = File::open(path);
  const bool is_float = file.read_attribute<std::string>("/", "precision") == precision_name<float>();
  core::Sha256 digest;
  for (const TensorInfo& tensor : tensors_under(file, "/parameters")) {
    is_float ? update_digest<float>(digest, file, tensor) : update_digest<double>(digest, file, tensor);
  }
  return "sha256:" + digest.hex();
}

template storage::WritingCost save(const std::filesystem::path&, const Description&, const TrainingState<float>&);
template storage::WritingCost save(const std::filesystem::path&, const Description&, const TrainingState<double>&);
template TrainingState<float> load(const std::filesystem::path&, const ParameterLayout&);
template TrainingState<double> load(const std::filesystem::path&, const ParameterLayout&);
template linear_algebra::AlignedVector<float> load_parameters(const std::filesystem::path&, const ParameterLayout&);
template linear_algebra::AlignedVector<double> load_parameters(const std::filesystem::path&, const ParameterLayout&);
template std::string parameters_digest(const ParameterLayout&, std::span<const float>);
template std::string parameters_digest(const ParameterLayout&, std::span<const double>);

}  // namespace cauchy::checkpoint
