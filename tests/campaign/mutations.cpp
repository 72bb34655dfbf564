// Damages valid checkpoints and sealed data files at random. Each must be refused with a message that names the file,
// or hold what it held before: no crash, no other error, no other contents, no endless loop, no runaway allocation.
//
// usage: mutations [--count N] [--seed S] [--only NUMBER]
//   --count N       damaged files of each of the two kinds (1000)
//   --seed S        of the random numbers (1)
//   --only NUMBER   this one alone, in this process, for a debugger

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/checkpoint/store.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/data/standardization.hpp"
#include "cauchy/storage/seal.hpp"
#include "checkpoint/example_state.hpp"
#include "support/temporary_folder.hpp"

namespace cauchy::test {
namespace {

constexpr unsigned seconds_each = 20;                // a case takes milliseconds; a busy machine may need many
constexpr std::uint64_t memory_beyond = 1ULL << 30;  // the files have some megabytes at most
constexpr std::uint64_t cases_each_process = 500;

std::string contents(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void overwrite(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// ---- mutations ----

/// The random numbers of one case.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t number) {
    std::seed_seq sequence{seed, number};
    engine_.seed(sequence);
  }
  std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : engine_() % limit; }
  char byte() { return static_cast<char>(below(256)); }

 private:
  std::mt19937_64 engine_;
};

/// A range of a file: short or long, at any place or on the border of a block.
struct Block {
  std::size_t start = 0;
  std::size_t size = 0;
};

Block some_block(const std::string& bytes, Dice& dice) {
  constexpr std::array<std::size_t, 6> sizes = {1, 8, 64, 256, 512, 4096};
  std::size_t size = sizes[dice.below(sizes.size())];
  std::size_t start = dice.below(bytes.size() + 1);
  if (dice.below(2) == 0) {
    start -= start % size;
  } else {
    size = 1 + dice.below(size);
  }
  return {start, std::min(size, bytes.size() - start)};
}

std::string random_bytes(std::size_t size, Dice& dice) {
  std::string bytes(size, '\0');
  std::ranges::generate(bytes, [&] { return dice.byte(); });
  return bytes;
}

void mutate(std::string& bytes, const std::string& other, Dice& dice) {
  const Block block = some_block(bytes, dice);
  const std::string copy = bytes.substr(block.start, block.size);
  const std::size_t place = dice.below(bytes.size() + 1);
  const auto in_front = [&] { return dice.below(std::min<std::size_t>(512, bytes.size())); };  // the user block
  const std::array<std::function<void()>, 16> kinds = {
      [&] { bytes[place % bytes.size()] = static_cast<char>(bytes[place % bytes.size()] ^ (1 << dice.below(8))); },
      [&] { bytes[place % bytes.size()] = dice.byte(); },
      [&] { bytes[in_front()] = dice.byte(); },
      [&] { bytes[in_front()] = static_cast<char>('0' + dice.below(10)); },
      [&] { bytes.replace(block.start, block.size, block.size, '\0'); },
      [&] { bytes.replace(block.start, block.size, random_bytes(block.size, dice)); },
      [&] { bytes.replace(place, std::min(block.size, bytes.size() - place), copy); },
      [&] {
        const std::size_t size = std::min(block.size, bytes.size() - place);
        bytes.replace(block.start, size, bytes.substr(place, size)).replace(place, size, copy.substr(0, size));
      },
      [&] { bytes.erase(block.start, block.size); },
      [&] { bytes.insert(place, copy); },
      [&] { bytes.insert(place, random_bytes(block.size, dice)); },
      [&] { bytes.resize(place); },
      [&] { bytes.resize(bytes.size() + 1 + dice.below(5000), dice.byte()); },
      [&] { bytes = dice.below(2) == 0 ? bytes + other : other + bytes; },
      [&] { bytes.replace(0, std::min<std::size_t>(512, bytes.size()), 512, '\0'); },
      [&] { bytes.replace(0, std::min<std::size_t>(512, bytes.size()), other.substr(0, 512)); }};
  if (!bytes.empty()) {
    kinds[dice.below(kinds.size())]();
  }
}

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

// ---- cases ----

enum class Verdict { refused, the_same, wrong };

struct Result {
  Verdict verdict = Verdict::wrong;
  std::string words;  ///< what is wrong
};

Result judge(const Sample& sample) {
  try {
    const std::string fault = sample.check();
    return fault.empty() ? Result{Verdict::the_same, ""} : Result{Verdict::wrong, fault};
  } catch (const core::Error& error) {
    const std::string message = error.what();
    if (message.find(sample.path.filename().string()) == std::string::npos) {
      return {Verdict::wrong, "the message does not name the file: " + message};
    }
    if (message.find("memory") != std::string::npos) {
      return {Verdict::wrong, "asks for too much memory: " + message};
    }
    return {Verdict::refused, ""};
  } catch (const std::exception& error) {
    return {Verdict::wrong, std::string("another error: ") + error.what()};
  }
}

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
  Result result = judge(sample);
  result.words = sample.name + ": " + result.words;
  return result;
}

/// What a child process and its parent share.
struct Board {
  std::uint64_t number;  ///< of the case that runs
  std::uint64_t refused;
  std::uint64_t the_same;
  std::uint64_t wrong;
};

void limit_memory() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlimit limit{pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + memory_beyond, RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &limit);
}

void run_cases(const Samples& samples, std::uint64_t seed, std::uint64_t end, Board& board) {
  limit_memory();
  for (; board.number < end; ++board.number) {
    alarm(seconds_each);
    const Result result = run_case(samples, seed, board.number);
    board.refused += result.verdict == Verdict::refused ? 1 : 0;
    board.the_same += result.verdict == Verdict::the_same ? 1 : 0;
    if (result.verdict == Verdict::wrong) {
      ++board.wrong;
      std::cout << "WRONG --seed " << seed << " --only " << board.number << ": " << result.words << std::endl;
    }
  }
}

/// In processes of their own, so that the end of one is a result, too.
bool run_campaign(const Samples& samples, std::uint64_t seed, std::uint64_t cases) {
  void* const memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::runtime_error("no shared memory");
  }
  Board& board = *new (memory) Board{};
  while (board.number < cases) {
    const std::uint64_t end = std::min(cases, board.number + cases_each_process);
    const pid_t child = fork();
    if (child < 0) {
      throw std::runtime_error("no process");
    }
    if (child == 0) {
      run_cases(samples, seed, end, board);
      std::cout.flush();
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      ++board.wrong;
      std::cout << "WRONG --seed " << seed << " --only " << board.number << ": "
                << (WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "the process ended") << std::endl;
      ++board.number;
    }
  }
  std::cout << cases << " damaged files: " << board.refused << " refused, " << board.the_same
            << " with what they held before, " << board.wrong << " wrong (seed " << seed << ")" << std::endl;
  // A campaign that damages nothing, or refuses everything, would prove little.
  return board.wrong == 0 && board.refused > cases / 2 && board.the_same > 0;
}

struct Options {
  std::uint64_t count = 1000;
  std::uint64_t seed = 1;
  std::int64_t only = -1;
};

Options options_of(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) {
      throw std::invalid_argument(arguments[i] + " needs a number");
    }
    const std::int64_t value = std::stoll(arguments[i + 1]);
    if (arguments[i] == "--count") {
      options.count = static_cast<std::uint64_t>(value);
    } else if (arguments[i] == "--seed") {
      options.seed = static_cast<std::uint64_t>(value);
    } else if (arguments[i] == "--only") {
      options.only = value;
    } else {
      throw std::invalid_argument("unknown option " + arguments[i]);
    }
  }
  return options;
}

}  // namespace
}  // namespace cauchy::test

int main(int argument_count, char** arguments) {
  using namespace cauchy::test;
  try {
    const Options options = options_of({arguments + 1, arguments + argument_count});
    const TemporaryFolder folder;
    const Samples samples(folder);
    if (options.only < 0) {
      return run_campaign(samples, options.seed, 2 * options.count) ? 0 : 1;
    }
    const Result result = run_case(samples, options.seed, static_cast<std::uint64_t>(options.only));
    std::cout << (result.verdict == Verdict::wrong ? "WRONG " : "right ") << result.words << std::endl;
    return result.verdict == Verdict::wrong ? 1 : 0;
  } catch (const std::exception& error) {
    std::cerr << "mutations: " << error.what() << "\n";
    return 2;
  }
}
