// From a source to the reader of its format.

#include "cauchy/data/reader.hpp"

#include <array>

#include "cauchy/communication/agreement.hpp"
#include "cauchy/core/activity.hpp"
#include "cauchy/data/hdf5_reader.hpp"

namespace cauchy::data {

std::unique_ptr<const Reader> open_reader(const communication::Communicator& ranks, const Source& source) {
  verify(ranks, source);
  SourceShape shape;
  communication::agree_on_root(ranks, [&] {
    const core::Doing doing("reading data");
    shape = hdf5_shape(source);
  });
  std::array<std::uint64_t, 5> values{shape.rows, shape.inputs, shape.target_columns, shape.sparse ? 1U : 0U,
                                      shape.elements};
  ranks.broadcast<std::uint64_t>(values);
  return make_hdf5_reader(source, {values[0], values[1], values[2], values[3] != 0, values[4]});
}

template <typename Real>
Samples<Real> read_samples(const Reader& reader, Range rows, const Standardization& standardization) {
  Samples<Real> samples{rows, reader.shape().inputs, reader.shape().target_columns, {}, {}, {}};
  samples.sparse_features.columns = reader.shape().sparse ? samples.inputs : 0;
  if (rows.size() > 0) {
    reader.read(standardization, samples);
  }
  return samples;
}

template Samples<float> read_samples(const Reader&, Range, const Standardization&);
template Samples<double> read_samples(const Reader&, Range, const Standardization&);

}  // namespace cauchy::data
