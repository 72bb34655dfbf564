// From a source to the reader of its format.

#include "cauchy/data/reader.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <sstream>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/data/bytes_reader.hpp"
#include "cauchy/data/hdf5_reader.hpp"
#include "cauchy/data/idx_reader.hpp"
#include "cauchy/data/libsvm_reader.hpp"
#include "cauchy/data/rows_reader.hpp"
#include "cauchy/data/source_files.hpp"
#include "cauchy/data/table_reader.hpp"
#include "conversion.hpp"
#include "format.hpp"
#include "joined_reader.hpp"

namespace cauchy::data {
namespace {

std::unique_ptr<const Reader> open_hdf5(const communication::Communicator& ranks, const Source& source,
                                        const Encoding& training) {
  verify(ranks, source);
  SourceShape shape;
  std::string text;
  communication::agree_on_root(ranks, [&] {
    const core::Doing doing("reading data");
    shape = hdf5_shape(source);
    const Encoding encoding = hdf5_encoding(source);
    if (training.active() && encoding.active() && encoding != training) {
      throw core::UserError(at(source) +
                            "was converted with other categories, means or classes than the training data "
                            "have; cauchy convert --like takes theirs");
    }
    text = encoding_text(encoding);
  });
  std::array<std::uint64_t, 5> values{shape.rows, shape.inputs, shape.target_columns, shape.sparse ? 1U : 0U,
                                      shape.elements};
  ranks.broadcast<std::uint64_t>(values);
  ranks.broadcast(text);
  return make_hdf5_reader(source, {values[0], values[1], values[2], values[3] != 0, values[4]},
                          parse_encoding(text, source.path));
}

/// Collective. The same columns in sum may be other ones; other types than those of the first file may be a mistake.
void compare_datasets(const communication::Communicator& ranks, const std::vector<Source>& sources) {
  communication::agree_on_root(ranks, [&] {
    const Hdf5Datasets first = hdf5_datasets(sources.front());
    for (const Source& source : sources) {
      const Hdf5Datasets datasets = hdf5_datasets(source);
      if (datasets.columns != first.columns) {
        throw core::UserError(at(source) + "has other columns than " + sources.front().path + ": " + datasets.columns +
                              "; not " + first.columns);
      }
      if (source.tell && datasets.types != first.types) {
        source.tell(at(source) + datasets.types + "; " + sources.front().path + " holds " + first.types);
      }
    }
  });
}

std::unique_ptr<const Reader> open_hdf5_files(const communication::Communicator& ranks, const Source& source,
                                              const Encoding& training) {
  std::vector<std::unique_ptr<const Reader>> parts;
  const std::vector<Source> sources = sources_of(ranks, source);
  parts.reserve(sources.size());
  for (const Source& of_file : sources) {
    parts.push_back(open_hdf5(ranks, of_file, training));
  }
  std::unique_ptr<const Reader> reader = join(source, std::move(parts));
  if (sources.size() > 1) {
    compare_datasets(ranks, sources);
  }
  return reader;
}

/// Throws core::UserError at the first of the values, one a row, that is not good.
template <typename Real>
void require_each(const Reader& reader, Part part, Range rows, std::span<const Real> values, bool (*good)(Real),
                  const std::string& expected) {
  const auto bad = std::ranges::find_if_not(values, good);
  if (bad != values.end()) {
    std::ostringstream value;
    value << *bad;
    throw core::UserError(at(reader.source()) +
                          reader.place(part, rows.first + static_cast<std::uint64_t>(bad - values.begin())) + ": " +
                          value.str() + " is " + expected);
  }
}

}  // namespace

std::unique_ptr<const Reader> open_reader(const communication::Communicator& ranks, const Source& source,
                                          const Encoding& training) {
  if (source.rows) {
    return open_rows(ranks, source);
  }
  std::string format;
  communication::agree_on_root(ranks, [&] {
    const core::Doing doing("reading data");
    format = with_user_errors(source, [&] { return format_of(source); });
  });
  ranks.broadcast(format);
  if (format == "hdf5") {
    return open_hdf5_files(ranks, source, training);
  }
  if (format == "idx") {
    return open_idx(ranks, source);
  }
  if (format == "bytes") {
    return open_bytes(ranks, source);
  }
  return format == "libsvm" ? open_libsvm(ranks, source, training) : open_table(ranks, source, format, training);
}

template <typename Real>
Samples<Real> read_samples(const Reader& reader, Range rows, const Standardization& standardization) {
  Samples<Real> samples;
  read_samples(reader, rows, standardization, samples);
  return samples;
}

template <typename Real>
void read_samples(const Reader& reader, Range rows, const Standardization& standardization, Samples<Real>& samples) {
  samples.rows = rows;
  samples.inputs = reader.shape().inputs;
  samples.target_columns = reader.shape().target_columns;
  samples.features.clear();
  samples.bytes.clear();
  samples.targets.clear();
  samples.sparse_features.columns = reader.shape().sparse && !samples.without_features ? samples.inputs : 0;
  samples.sparse_features.starts.assign(1, 0);
  samples.sparse_features.indices.clear();
  samples.sparse_features.values.clear();
  samples.weights.clear();
  samples.exposure.clear();
  if (rows.size() > 0) {
    reader.read(standardization, samples);
    require_each<Real>(
        reader, Part::weights, rows, samples.weights, [](Real value) { return value >= 0; },
        "no weight: weights are not negative");
    require_each<Real>(
        reader, Part::exposure, rows, samples.exposure, [](Real value) { return value > 0; },
        "no exposure: exposures are positive");
  }
}

template Samples<float> read_samples(const Reader&, Range, const Standardization&);
template Samples<double> read_samples(const Reader&, Range, const Standardization&);
template void read_samples(const Reader&, Range, const Standardization&, Samples<float>&);
template void read_samples(const Reader&, Range, const Standardization&, Samples<double>&);

}  // namespace cauchy::data
