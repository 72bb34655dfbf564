// Files of bytes as data.

#include "cauchy/data/bytes_reader.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "byte_source.hpp"
#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/core/error.hpp"
#include "cauchy/linear_algebra/matrix_view.hpp"
#include "conversion.hpp"

namespace cauchy::data {
namespace {

constexpr std::uint64_t piece_rows = std::uint64_t{1} << 16;

std::string label(const Source& source) {
  return source.key + " = " + source.path;
}

std::uint64_t count_bytes(const Source& source) {
  ByteSource file(source.path, label(source));
  std::vector<char> buffer(piece_rows);
  while (file.read_some(buffer) > 0) {
  }
  return file.position();
}

/// Bytes [range.first, range.last) of the file.
template <typename Bytes>
void read_bytes(const Source& source, Range range, Bytes& bytes) {
  ByteSource file(source.path, label(source));
  file.skip_to(range.first);
  bytes.resize(range.size());
  std::size_t found = 0;
  while (found < bytes.size()) {
    const std::size_t more = file.read_some({reinterpret_cast<char*>(bytes.data()) + found, bytes.size() - found});
    if (more == 0) {
      throw core::UserError(at(source) + "became shorter while it was read");
    }
    found += more;
  }
}

class BytesReader final : public Reader {
 public:
  using Reader::Reader;

  std::string name(Part /*part*/) const override { return "the file"; }

  std::string place(Part part, std::uint64_t row) const override {
    return "byte " + std::to_string(row + (part == Part::targets ? shape().inputs : 0)) + " (counted from 0)";
  }

  void read(const Standardization& /*standardization*/, Samples<float>& samples) const override { read_as(samples); }
  void read(const Standardization& /*standardization*/, Samples<double>& samples) const override { read_as(samples); }

  void for_each_piece(Range rows, const FeatureVisitor& visit) const override {
    with_user_errors(source(), [&] {
      std::vector<std::uint8_t> bytes;
      linear_algebra::AlignedVector<double> features;
      for (std::uint64_t first = rows.first; first < rows.last; first += piece_rows) {
        const std::uint64_t count = std::min(piece_rows, rows.last - first);
        read_bytes(source(), bytes_of({first, first + count}), bytes);
        features.resize(count * shape().inputs);
        for (std::uint64_t i = 0; i < count; ++i) {
          std::copy_n(bytes.data() + i, shape().inputs, features.data() + i * shape().inputs);
        }
        visit(first, {features.data(), count, shape().inputs});
      }
    });
  }

 private:
  /// The last context needs no byte behind it where there are no targets.
  Range bytes_of(Range rows) const {
    return {rows.first, rows.last + shape().inputs - (source().features_alone ? 1 : 0)};
  }

  template <typename Real>
  void read_as(Samples<Real>& samples) const {
    with_user_errors(source(), [&] {
      read_bytes(source(), bytes_of(samples.rows), samples.bytes);
      if (samples.target_columns > 0) {
        samples.targets.assign(samples.bytes.begin() + static_cast<std::ptrdiff_t>(samples.inputs),
                               samples.bytes.end());
      }
    });
  }
};

}  // namespace

std::unique_ptr<const Reader> open_bytes(const communication::Communicator& ranks, const Source& source) {
  const std::uint64_t context = source.reading.context;
  const std::uint64_t last_rows = source.features_alone ? 1 : 0;  // without a byte behind them
  std::uint64_t bytes = 0;
  communication::agree_on_root(ranks, [&] {
    const core::Doing doing("reading data");
    if (!source.weights.empty() || !source.exposure.empty()) {
      throw core::UserError(at(source) + "bytes have neither weights (data.weights) nor exposure");
    }
    bytes = with_user_errors(source, [&] { return count_bytes(source); });
    if (bytes + last_rows <= context) {
      throw core::UserError(at(source) + "has " + std::to_string(bytes) + " bytes, too few for data.context = " +
                            std::to_string(context) + (source.features_alone ? "" : " and the byte behind it"));
    }
  });
  ranks.broadcast<std::uint64_t>({&bytes, 1});
  SourceShape shape;
  shape.rows = bytes + last_rows - context;
  shape.inputs = context;
  shape.target_columns = source.features_alone ? 0 : 1;
  shape.bytes = true;
  return std::make_unique<BytesReader>(source, shape);
}

}  // namespace cauchy::data
