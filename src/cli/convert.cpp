// cauchy convert: other formats to HDF5.

#include <filesystem>
#include <iostream>

#include "cauchy/cli/commands.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/data/idx.hpp"

namespace cauchy::cli {
namespace {

void convert(const CommandLine& line) {
  const std::string format = line.required("from");
  if (format != "idx") {
    throw core::UserError("command line: --from " + format + ": this version converts from idx");
  }
  const data::IdxConversion conversion{line.required("input"), line.required("targets"), line.required("output")};
  data::convert_idx(conversion);
  std::cout << "wrote " << conversion.output.string() << " (" << std::filesystem::file_size(conversion.output)
            << " bytes)\n";
}

core::ExitCode run_convert(const communication::Communicator& ranks, const CommandLine& line) {
  communication::agree_on_root(ranks, [&] { convert(line); });
  return core::ExitCode::done;
}

}  // namespace

Command convert_command() {
  using Value = CommandOption::Value;
  return {{"convert",
           "Turns other formats into HDF5 with /features and /targets.",
           "",
           {{"from", Value::required, "FORMAT", "idx (MNIST and its relatives), plain or gzipped"},
            {"input", Value::required, "FILE", "the features"},
            {"targets", Value::required, "FILE", "the labels"},
            {"output", Value::required, "FILE.h5", "the file to write; replaced if it is there"}},
           false},
          run_convert};
}

}  // namespace cauchy::cli
