// Damages valid checkpoints and sealed data files at random. Each must be refused with a message that names the file,
// or hold what it held before: no crash, no other error, no other contents, no endless loop, no runaway allocation.
//
// usage: mutations [--count N] [--seed S] [--only NUMBER]
//   --count N       damaged files of each of the two kinds (1000)
//   --seed S        of the random numbers (1)
//   --only NUMBER   this one alone, in this process, for a debugger

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "campaign/campaign.hpp"
#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/checkpoint/store.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/storage/seal.hpp"
#include "checkpoint/example_state.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::test {
namespace {

// ---- files, and what must be said of them ----

/// A valid file. `check` looks at a file of other bytes at `path`: returns empty if the contents are the same, throws
/// core::Error if it refuses them, and says what else is wrong.
struct Sample {
  std::string name;
  std::filesystem::path path;  ///< where damaged files stand
  std::string bytes;
  std::function<std::string()> check;
};

/// A model whose weights take several chunks.
checkpoint::Description large_description() {
  checkpoint::Description description = example_description();
  description.layout = {};
  description.layout.add("output", "weights", {700, 900}, model::TensorKind::weights);
  return description;
}

template <typename Real>
training::TrainingState<Real> large_state(const checkpoint::Description& description) {
  training::TrainingState<Real> state = example_state<Real>();
  state.method.slots.clear();
  state.residuals.clear();
  state.method.x.assign(description.layout.padded_size(), Real{0.125});
  return state;
}

/// A folder with a checkpoint of step 1, which stays valid, and one of step 2, which is damaged.
template <typename Real>
Sample checkpoint_sample(const std::string& name, const std::filesystem::path& folder,
                         const checkpoint::Description& description, training::TrainingState<Real> state) {
  std::filesystem::create_directory(folder);
  const std::filesystem::path older = folder / "checkpoint-00000001.h5";
  const std::filesystem::path path = folder / "checkpoint-00000002.h5";
  state.stopping.steps = 1;
  checkpoint::save(older, description, state);
  state.stopping.steps = 2;
  checkpoint::save(path, description, state);
  const std::string good = contents(path);
  const auto check = [=]() -> std::string {
    const auto newest = checkpoint::newest_valid(folder);
    if (!newest || (newest->path == older && (newest->skipped.size() != 1 || newest->skipped[0].path != path))) {
      return "the choice of the newest valid checkpoint went wrong";
    }
    const bool is_chosen = newest->path == path;
    const auto loaded = checkpoint::load<Real>(path, description.layout);
    checkpoint::save(folder / "again.h5", description, loaded);
    return !is_chosen                              ? "loads, though a resuming run would skip it"
           : contents(folder / "again.h5") == good ? ""
                                                   : "loads another state";
  };
  return {name, path, good, check};
}

/// What a run does with a file of data, with one rank.
data::Samples<double> read(const data::Source& source) {
  if (storage::is_sealed(source.path, data::sealed_data)) {
    storage::verify_seal(source.path, data::sealed_data);
  }
  const data::SourceShape shape = data::hdf5_shape(source);
  return data::read_samples<double>(*data::make_hdf5_reader(source, shape), {0, shape.rows}, {});
}

Sample data_sample(const std::string& name, const std::filesystem::path& path, std::uint64_t rows) {
  std::vector<std::uint8_t> features(rows * 12);
  std::ranges::generate(features, [next = 0]() mutable { return static_cast<std::uint8_t>(next += 7); });
  std::vector<float> targets(rows);
  std::ranges::generate(targets, [next = 0.0F]() mutable { return next += 0.5F; });
  storage::write_sealed(path, data::sealed_data, [&](storage::File& file) {
    file.write<std::uint8_t>("/features", {rows, 12}, features);
    file.write<float>("/targets", {rows}, targets);
  });
  const data::Source source{"data.train", path, "features", "targets"};
  const auto check = [source, good = read(source)]() -> std::string {
    const data::Samples<double> found = read(source);
    return found.features == good.features && found.targets == good.targets ? "" : "loads other data";
  };
  return {name, path, contents(path), check};
}

/// Checkpoints first: cases of even numbers take one of these, others one of the data files.
struct Samples {
  std::vector<Sample> checkpoints;
  std::vector<Sample> data;

  explicit Samples(const TemporaryFolder& folder) {
    const checkpoint::Description description = example_description();
    const checkpoint::Description large = large_description();
    checkpoints = {checkpoint_sample("float", folder / "float", description, example_state<float>()),
                   checkpoint_sample("double", folder / "double", description, example_state<double>()),
                   checkpoint_sample("large", folder / "large", large, large_state<float>(large))};
    data = {data_sample("short data", folder / "short.h5", 20), data_sample("long data", folder / "long.h5", 5000)};
  }
};

const Sample& sample_of(const Samples& samples, std::uint64_t number, Dice& dice) {
  const std::vector<Sample>& kind = number % 2 == 0 ? samples.checkpoints : samples.data;
  // The last one is large and takes its time.
  return dice.below(8) == 0 ? kind.back() : kind[dice.below(kind.size() - 1)];
}

Result run_case(const Samples& samples, std::uint64_t seed, std::uint64_t number) {
  Dice dice(seed, number);
  const Sample& sample = sample_of(samples, number, dice);
  const Sample& other = sample_of(samples, dice.below(2), dice);
  std::string bytes = sample.bytes;
  const std::uint64_t mutations = dice.below(2) == 0 ? 1 : 1 + dice.below(5);
  for (std::uint64_t i = 0; i < mutations; ++i) {
    mutate(bytes, other.bytes, dice);
  }
  overwrite(sample.path, bytes);
  Result result = judge(sample.path, sample.check);
  result.words = sample.name + ": " + result.words;
  return result;
}

}  // namespace
}  // namespace cauchy::test

int main(int argument_count, char** arguments) {
  using namespace cauchy::test;
  try {
    const TemporaryFolder folder;
    const Samples samples(folder);
    return run({arguments + 1, arguments + argument_count}, 2,
               [&](std::uint64_t seed, std::uint64_t number) { return run_case(samples, seed, number); });
  } catch (const std::exception& error) {
    std::cerr << "mutations: " << error.what() << "\n";
    return 2;
  }
}
