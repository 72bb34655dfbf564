// cauchy convert: other formats to HDF5.

#include <filesystem>
#include <iostream>
#include <memory>

#include "cauchy/checkpoint/checkpoint_file.hpp"
#include "cauchy/cli/commands.hpp"
#include "cauchy/cli/problem.hpp"
#include "cauchy/cli/settings.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/config/sources.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/data/hdf5_writer.hpp"
#include "cauchy/data/idx.hpp"
#include "cauchy/data/idx_reader.hpp"
#include "cauchy/storage/file.hpp"

namespace cauchy::cli {
namespace {

constexpr unsigned default_compression = 4;

/// How the training data were encoded, by a checkpoint or by a file that was converted.
data::Encoding encoding_in(const std::string& path) {
  require_file("--like", path);
  data::Encoding encoding = checkpoint::is_checkpoint(path) ? checkpoint::read_header(path).problem.encoding
                                                            : data::hdf5_encoding({"--like", path, "", ""});
  if (!encoding.active()) {
    throw core::UserError("--like " + path +
                          ": does not say how texts became numbers: it was not made of a table or a "
                          "LIBSVM file");
  }
  return encoding;
}

void tell_output(const std::filesystem::path& output) {
  std::cout << "wrote " << output.string() << " (" << std::filesystem::file_size(output) << " bytes)\n";
}

/// The level of deflate that --compress asks for; 0: none.
unsigned compression_in(const CommandLine& line) {
  if (!line.has("compress")) {
    return 0;
  }
  const std::string level = line.value("compress").value_or("");
  if (level.empty()) {
    return default_compression;
  }
  if (level.size() != 1 || level[0] < '1' || level[0] > '9') {
    throw core::UserError("command line: --compress " + level + ": levels go from 1, the fastest, to 9, the smallest");
  }
  return static_cast<unsigned>(level[0] - '0');
}

void convert_idx(const CommandLine& line, const storage::Chunks& chunks) {
  const std::string input = line.required("input");
  const std::string labels = line.value("targets").value_or(data::labels_beside(input));
  if (labels.empty()) {
    throw core::UserError("command line: --targets is missing, and no labels lie beside " + input);
  }
  check_output(line.required("output"), {input, labels});
  const data::IdxConversion conversion{input, labels, line.required("output"), chunks};
  data::convert_idx(conversion);
  tell_output(conversion.output);
}

/// Collective. All ranks count, the root writes.
void convert_text(const communication::Communicator& ranks, const CommandLine& line, const Settings& settings,
                  const std::string& format, const storage::Chunks& chunks) {
  std::string encoding;
  communication::agree_on_root(ranks, [&] {
    check_output(line.required("output"), {line.required("input"), line.value("like").value_or("")});
    if (line.has("like")) {
      encoding = data::encoding_text(encoding_in(line.required("like")));
    }
  });
  ranks.broadcast(encoding);
  data::Source source = settings.source("--input", line.required("input"));
  source.reading.format = format;
  const std::unique_ptr<const data::Reader> reader =
      data::open_reader(ranks, source, data::parse_encoding(encoding, "--like"));
  communication::agree_on_root(ranks, [&] {
    const std::string output = line.required("output");
    data::write_hdf5(*reader, output, chunks);
    tell_output(output);
  });
}

core::ExitCode run_convert(const communication::Communicator& ranks, const CommandLine& line) {
  std::string format;
  storage::Chunks chunks;
  config::Sources sources;
  communication::agree(ranks, [&] {
    chunks.compression = compression_in(line);
    sources.file = line.has("config") ? line.required("config") : "";
    format = line.required("from");
    if (format != "idx" && format != "csv" && format != "tsv" && format != "table" && format != "libsvm") {
      throw core::UserError("command line: --from " + format +
                            ": no format that can be converted; csv, tsv, table, "
                            "libsvm and idx are");
    }
    if (format != "idx" && line.has("targets")) {
      throw core::UserError("command line: --targets names the labels of IDX; data.targets names columns");
    }
  });
  sources.environment = config::environment_variables();
  sources.arguments = line.configuration();
  Settings settings;
  resolve_settings(ranks, sources, settings);
  chunks.rows = settings.data.block_rows;  // what training reads in one go
  if (format == "idx") {
    communication::agree_on_root(ranks, [&] { convert_idx(line, chunks); });
  } else {
    convert_text(ranks, line, settings, format, chunks);
  }
  return core::ExitCode::done;
}

}  // namespace

Command convert_command() {
  using Value = CommandOption::Value;
  return {
      {"convert",
       "Turns other formats into HDF5 with /features and /targets.",
       "",
       {{"from", Value::required, "FORMAT",
         "csv, tsv, table (columns between blanks), libsvm or idx; plain or gzipped"},
        {"input", Value::required, "FILE", "the data; for text several files, or a pattern in quotes"},
        {"targets", Value::required, "FILE", "the labels of IDX; by itself those beside the images"},
        {"output", Value::required, "FILE.h5", "the file to write; replaced if it is there"},
        {"compress", Value::optional, "LEVEL", "deflate, of level 1 (fast) to 9 (small); 4 without one"},
        {"like", Value::required, "FILE", "categories and means of a converted file or a checkpoint, for test data"},
        {"config", Value::required, "FILE", "configuration, of which [data] counts"}},
       true},
      run_convert};
}

}  // namespace cauchy::cli
