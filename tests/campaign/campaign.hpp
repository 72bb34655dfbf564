#pragma once
// Damage at random, and campaigns of it: cases run in processes of their own, so that the end of one is a result, too.

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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
#include <stdexcept>
#include <string>
#include <vector>

#include "cauchy/core/error.hpp"

namespace cauchy::test {

constexpr unsigned seconds_each = 20;                // a case takes milliseconds; a busy machine may need many
constexpr std::uint64_t memory_beyond = 1ULL << 30;  // the files have some megabytes at most
constexpr std::uint64_t cases_each_process = 500;

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline void overwrite(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

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

inline Block some_block(const std::string& bytes, Dice& dice) {
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

inline std::string random_bytes(std::size_t size, Dice& dice) {
  std::string bytes(size, '\0');
  std::ranges::generate(bytes, [&] { return dice.byte(); });
  return bytes;
}

inline void mutate(std::string& bytes, const std::string& other, Dice& dice) {
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

enum class Verdict { refused, the_same, wrong };

struct Result {
  Verdict verdict = Verdict::wrong;
  std::string words;  ///< what is wrong
};

/// `check` reads the damaged file at `path`: see Sample in mutations.cpp.
inline Result judge(const std::filesystem::path& path, const std::function<std::string()>& check) {
  try {
    const std::string fault = check();
    return fault.empty() ? Result{Verdict::the_same, ""} : Result{Verdict::wrong, fault};
  } catch (const core::Error& error) {
    const std::string message = error.what();
    if (message.find(path.filename().string()) == std::string::npos) {
      return {Verdict::wrong, "the message does not name the file: " + message};
    }
    if (message.find("fit into memory") != std::string::npos) {
      return {Verdict::wrong, "asks for too much memory: " + message};
    }
    return {Verdict::refused, message};
  } catch (const std::exception& error) {
    return {Verdict::wrong, std::string("another error: ") + error.what()};
  }
}

/// Of (seed, number), whatever ran before.
using RunCase = std::function<Result(std::uint64_t seed, std::uint64_t number)>;

/// What a child process and its parent share.
struct Board {
  std::uint64_t number;  ///< of the case that runs
  std::uint64_t refused;
  std::uint64_t the_same;
  std::uint64_t wrong;
};

inline void limit_memory() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlimit limit{pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + memory_beyond, RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &limit);
}

inline void run_cases(const RunCase& run_case, std::uint64_t seed, std::uint64_t end, Board& board) {
  limit_memory();
  for (; board.number < end; ++board.number) {
    alarm(seconds_each);
    Result result;
    try {
      result = run_case(seed, board.number);
    } catch (const std::exception& error) {
      result.words = std::string("no case: ") + error.what();
    }
    board.refused += result.verdict == Verdict::refused ? 1 : 0;
    board.the_same += result.verdict == Verdict::the_same ? 1 : 0;
    if (result.verdict == Verdict::wrong) {
      ++board.wrong;
      std::cout << "WRONG --seed " << seed << " --only " << board.number << ": " << result.words << std::endl;
    }
  }
}

/// In processes of their own, so that the end of one is a result, too.
inline bool run_campaign(const RunCase& run_case, std::uint64_t seed, std::uint64_t cases) {
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
      run_cases(run_case, seed, end, board);
      std::cout.flush();
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(core::ExitCode::user_error)) {
      ++board.refused;  // a crash of HDF5, in the words of core::CrashMessage
      ++board.number;
    } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
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

inline Options options_of(const std::vector<std::string>& arguments) {
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

/// What main() does: --count cases of each of the kinds.
inline int run(const std::vector<std::string>& arguments, std::uint64_t kinds, const RunCase& run_case) {
  const Options options = options_of(arguments);
  if (options.only < 0) {
    return run_campaign(run_case, options.seed, kinds * options.count) ? 0 : 1;
  }
  const Result result = run_case(options.seed, static_cast<std::uint64_t>(options.only));
  std::cout << (result.verdict == Verdict::wrong ? "WRONG " : "right ") << result.words << std::endl;
  return result.verdict == Verdict::wrong ? 1 : 0;
}

}  // namespace cauchy::test
