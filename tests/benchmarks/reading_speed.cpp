// How fast text is read, on one core: processor time of a rank alone, from the page cache.
//
//     build/release/tests/reading_speed [FILE ...]       of files, or of a generated CSV and a LIBSVM file of 64 MB

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "cauchy/communication/session.hpp"
#include "cauchy/core/timer.hpp"
#include "cauchy/data/reader.hpp"
#include "cauchy/data/standardization.hpp"
#include "support/temporary_folder.hpp"

namespace {

constexpr std::uint64_t file_bytes = std::uint64_t{64} << 20;
constexpr int repetitions = 5;

/// Numbers with six digits, 20 a row.
void write_csv(const std::filesystem::path& path) {
  std::mt19937_64 random(1);
  std::ofstream file(path);
  file << "y";
  for (int column = 1; column < 20; ++column) {
    file << ",x" << column;
  }
  while (static_cast<std::uint64_t>(file.tellp()) < file_bytes) {
    std::string row = "\n";
    for (int column = 0; column < 20; ++column) {
      char text[32];
      std::snprintf(text, sizeof(text), "%s%.5f", column == 0 ? "" : ",",
                    static_cast<double>(static_cast<std::int64_t>(random() % 2000000) - 1000000) / 1e5);
      row += text;
    }
    file << row;
  }
}

/// 50 of a million features a row.
void write_libsvm(const std::filesystem::path& path) {
  std::mt19937_64 random(2);
  std::ofstream file(path);
  while (static_cast<std::uint64_t>(file.tellp()) < file_bytes) {
    std::string row = random() % 2 == 0 ? "1" : "0";
    for (std::uint64_t i = 0; i < 50; ++i) {
      char text[48];
      std::snprintf(text, sizeof(text), " %u:%.5g", static_cast<unsigned>(i * 20000 + random() % 20000 + 1),
                    static_cast<double>(random() % 1000000) / 1e6);
      row += text;
    }
    file << row << "\n";
  }
}

void measure(const cauchy::communication::Communicator& world, const std::string& path) {
  using namespace cauchy;
  const data::Source source{"data.train", path, "features", "targets"};
  const double megabytes = static_cast<double>(std::filesystem::file_size(path)) / 1e6;
  double counting = 1e9;
  double parsing = 1e9;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const double start = core::processor_seconds();
    const auto reader = data::open_reader(world, source);
    const double opened = core::processor_seconds();
    const auto samples = data::read_samples<float>(*reader, {0, reader->shape().rows}, {});
    counting = std::min(counting, opened - start);
    parsing = std::min(parsing, core::processor_seconds() - opened);
  }
  std::printf("%-40s %8.1f MB   counting %6.0f MB/s   parsing %6.0f MB/s   together %6.0f MB/s\n",
              std::filesystem::path(path).filename().c_str(), megabytes, megabytes / counting, megabytes / parsing,
              megabytes / (counting + parsing));
}

}  // namespace

int main(int argc, char** argv) {
  const cauchy::communication::Session mpi(argc, argv);
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  if (arguments.size() > 1) {
    for (const char* path : arguments.subspan(1)) {
      measure(mpi.world(), path);
    }
    return 0;
  }
  const cauchy::test::TemporaryFolder folder;
  write_csv(folder / "numbers.csv");
  write_libsvm(folder / "sparse.libsvm");
  measure(mpi.world(), folder / "numbers.csv");
  measure(mpi.world(), folder / "sparse.libsvm");
  return 0;
}
