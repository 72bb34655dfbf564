// Typed collectives over all ranks of a job.

#include "cauchy/communication/communicator.hpp"

#include <algorithm>
#include <type_traits>

#include "cauchy/communication/session.hpp"
#include "cauchy/core/activity.hpp"
#include "checked.hpp"
#include "communicator_handle.hpp"

namespace cauchy::communication {
namespace {

// Bytes a call: far from the limit of MPI's int counts, and small enough that the library's temporary copy of the piece
// stays on the heap from one call to the next.
constexpr std::size_t piece_bytes = std::size_t{1} << 24;

// Elements a call that makes no copies: as many as MPI's counts allow, so that all ranks have their part of most
// arrays.
constexpr std::size_t stretch_elements = std::size_t{1} << 30;

template <typename T>
MPI_Datatype mpi_type() {
  if constexpr (std::is_same_v<T, float>) {
    return MPI_FLOAT;
  } else if constexpr (std::is_same_v<T, double>) {
    return MPI_DOUBLE;
  } else if constexpr (std::is_same_v<T, std::int32_t>) {
    return MPI_INT32_T;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return MPI_INT64_T;
  } else {
    static_assert(std::is_same_v<T, std::uint64_t>);
    return MPI_UINT64_T;
  }
}

/// Calls MPI where all ranks must, in view of whoever watches whether they do.
template <typename Call>
void join(core::OperationName name, Call call) {
  const core::Joining joining(name);
  check(call(), name.text());
}

template <typename T, typename Call>
void in_pieces(std::span<T> values, Call call) {
  constexpr std::size_t piece_elements = piece_bytes / sizeof(T);
  for (std::size_t first = 0; first < values.size(); first += piece_elements) {
    const std::size_t count = std::min(piece_elements, values.size() - first);
    call(values.data() + first, static_cast<int>(count));
  }
}

/// What ranks have of a stretch of an array whose elements [bounds[r], bounds[r + 1]) are those of rank r.
struct Stretch {
  std::size_t first = 0;    ///< of the array
  std::vector<int> counts;  ///< by rank
  std::vector<int> places;  ///< within the stretch

  /// What a rank's own elements have in common with it.
  template <typename T>
  std::span<T> part_of(std::span<T> own, int rank, std::span<const std::size_t> bounds) const {
    const auto r = static_cast<std::size_t>(rank);
    return own.subspan(std::clamp(first, bounds[r], bounds[r + 1]) - bounds[r], static_cast<std::size_t>(counts[r]));
  }
};

/// Calls call(stretch) for stretches of the array in which counts and places are numbers that MPI takes.
template <typename Call>
void in_stretches(std::span<const std::size_t> bounds, Call call) {
  for (std::size_t first = 0; first < bounds.back(); first += stretch_elements) {
    const std::size_t last = std::min(bounds.back(), first + stretch_elements);
    Stretch stretch{first, {}, {}};
    for (std::size_t rank = 0; rank + 1 < bounds.size(); ++rank) {
      const std::size_t begin = std::clamp(bounds[rank], first, last);
      stretch.counts.push_back(static_cast<int>(std::clamp(bounds[rank + 1], first, last) - begin));
      stretch.places.push_back(static_cast<int>(begin - first));
    }
    call(stretch);
  }
}

}  // namespace

Communicator::Communicator() : handle_(std::make_shared<Handle>()) {}

template <typename T>
void Communicator::sum(std::span<T> values) const {
  in_pieces(values, [this](T* data, int count) {
    join("MPI_Allreduce",
         [&] { return MPI_Allreduce(MPI_IN_PLACE, data, count, mpi_type<T>(), MPI_SUM, handle_->comm); });
  });
}

template <typename T>
void Communicator::sum_on(int rank, std::span<T> values) const {
  in_pieces(values, [this, rank](T* data, int count) {
    join("MPI_Reduce", [&] {
      return MPI_Reduce(rank == rank_ ? MPI_IN_PLACE : data, data, count, mpi_type<T>(), MPI_SUM, rank, handle_->comm);
    });
  });
}

template <typename T>
void Communicator::maximum(std::span<T> values) const {
  in_pieces(values, [this](T* data, int count) {
    join("MPI_Allreduce",
         [&] { return MPI_Allreduce(MPI_IN_PLACE, data, count, mpi_type<T>(), MPI_MAX, handle_->comm); });
  });
}

template <typename T>
void Communicator::broadcast(std::span<T> values, int source) const {
  in_pieces(values, [this, source](T* data, int count) {
    join("MPI_Bcast", [&] { return MPI_Bcast(data, count, mpi_type<T>(), source, handle_->comm); });
  });
}

template <typename T>
void Communicator::exchange(std::span<T> values, std::span<const std::size_t> bounds) const {
  in_stretches(bounds, [&](const Stretch& stretch) {
    join("MPI_Allgatherv", [&] {
      return MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values.data() + stretch.first, stretch.counts.data(),
                            stretch.places.data(), mpi_type<T>(), handle_->comm);
    });
  });
}

template <typename T>
void Communicator::gather(std::span<const T> own, std::span<T> whole, std::span<const std::size_t> bounds) const {
  in_stretches(bounds, [&](const Stretch& stretch) {
    const std::span<const T> sent = stretch.part_of(own, rank_, bounds);
    T* const received = is_root() ? whole.data() + stretch.first : nullptr;
    join("MPI_Gatherv", [&] {
      return MPI_Gatherv(sent.data(), static_cast<int>(sent.size()), mpi_type<T>(), received, stretch.counts.data(),
                         stretch.places.data(), mpi_type<T>(), 0, handle_->comm);
    });
  });
}

template <typename T>
void Communicator::scatter(std::span<const T> whole, std::span<T> own, std::span<const std::size_t> bounds) const {
  in_stretches(bounds, [&](const Stretch& stretch) {
    const T* const sent = is_root() ? whole.data() + stretch.first : nullptr;
    const std::span<T> received = stretch.part_of(own, rank_, bounds);
    join("MPI_Scatterv", [&] {
      return MPI_Scatterv(sent, stretch.counts.data(), stretch.places.data(), mpi_type<T>(), received.data(),
                          static_cast<int>(received.size()), mpi_type<T>(), 0, handle_->comm);
    });
  });
}

void Communicator::broadcast(std::string& text, int source) const {
  std::uint64_t length = text.size();
  broadcast<std::uint64_t>({&length, 1}, source);
  text.resize(length);
  in_pieces(std::span(text), [this, source](char* data, int count) {
    join("MPI_Bcast", [&] { return MPI_Bcast(data, count, MPI_CHAR, source, handle_->comm); });
  });
}

std::vector<std::string> Communicator::gather(const std::string& text) const {
  const auto count = static_cast<std::size_t>(size_);
  std::vector<std::uint64_t> lengths(count, 0);
  lengths[static_cast<std::size_t>(rank_)] = text.size();
  sum<std::uint64_t>(lengths);
  std::vector<std::string> texts(is_root() ? count : 0);
  // Pieces that all ranks cut alike, whose displacements fit into an int.
  const std::uint64_t piece = std::max<std::uint64_t>(1, piece_bytes / count);
  const std::uint64_t longest = *std::max_element(lengths.begin(), lengths.end());
  std::vector<char> received(is_root() ? std::min(piece, longest) * count : 0);
  for (std::uint64_t first = 0; first < longest; first += piece) {
    std::vector<int> counts(count);
    std::vector<int> places(count);
    for (std::size_t rank = 0; rank < count; ++rank) {
      counts[rank] = static_cast<int>(std::min(piece, lengths[rank] - std::min(first, lengths[rank])));
      places[rank] = rank == 0 ? 0 : places[rank - 1] + counts[rank - 1];
    }
    join("MPI_Gatherv", [&] {
      return MPI_Gatherv(text.data() + std::min<std::uint64_t>(first, text.size()),
                         counts[static_cast<std::size_t>(rank_)], MPI_CHAR, received.data(), counts.data(),
                         places.data(), MPI_CHAR, 0, handle_->comm);
    });
    for (std::size_t rank = 0; rank < texts.size(); ++rank) {
      texts[rank].append(received.data() + places[rank], static_cast<std::size_t>(counts[rank]));
    }
  }
  return texts;
}

void Communicator::barrier() const {
  join("MPI_Barrier", [&] { return MPI_Barrier(handle_->comm); });
}

void Communicator::abort(int exit_code) const noexcept {
  if (handle_->watch) {
    handle_->watch->fail();
  }
  communication::abort(exit_code);
}

int ranks_of_this_host(const Communicator& ranks) {
  MPI_Comm host = MPI_COMM_NULL;
  join("MPI_Comm_split_type", [&] {
    return MPI_Comm_split_type(ranks.handle_->comm, MPI_COMM_TYPE_SHARED, ranks.rank(), MPI_INFO_NULL, &host);
  });
  int size = 0;
  check(MPI_Comm_size(host, &size), "MPI_Comm_size");
  check(MPI_Comm_free(&host), "MPI_Comm_free");
  return size;
}

bool spans_hosts(const Communicator& ranks) {
  std::int32_t elsewhere = ranks_of_this_host(ranks) < ranks.size() ? 1 : 0;
  ranks.maximum<std::int32_t>({&elsewhere, 1});
  return elsewhere != 0;
}

std::string host_name() {
  char name[MPI_MAX_PROCESSOR_NAME] = "";
  int length = 0;
  check(MPI_Get_processor_name(name, &length), "MPI_Get_processor_name");
  return {name, static_cast<std::size_t>(length)};
}

template void Communicator::sum(std::span<float>) const;
template void Communicator::sum(std::span<double>) const;
template void Communicator::sum(std::span<std::int32_t>) const;
template void Communicator::sum(std::span<std::int64_t>) const;
template void Communicator::sum(std::span<std::uint64_t>) const;
template void Communicator::sum_on(int, std::span<float>) const;
template void Communicator::sum_on(int, std::span<double>) const;
template void Communicator::sum_on(int, std::span<std::int32_t>) const;
template void Communicator::sum_on(int, std::span<std::int64_t>) const;
template void Communicator::sum_on(int, std::span<std::uint64_t>) const;
template void Communicator::exchange(std::span<float>, std::span<const std::size_t>) const;
template void Communicator::exchange(std::span<double>, std::span<const std::size_t>) const;
template void Communicator::gather(std::span<const float>, std::span<float>, std::span<const std::size_t>) const;
template void Communicator::gather(std::span<const double>, std::span<double>, std::span<const std::size_t>) const;
template void Communicator::scatter(std::span<const float>, std::span<float>, std::span<const std::size_t>) const;
template void Communicator::scatter(std::span<const double>, std::span<double>, std::span<const std::size_t>) const;
template void Communicator::maximum(std::span<float>) const;
template void Communicator::maximum(std::span<double>) const;
template void Communicator::maximum(std::span<std::int32_t>) const;
template void Communicator::maximum(std::span<std::int64_t>) const;
template void Communicator::maximum(std::span<std::uint64_t>) const;
template void Communicator::broadcast(std::span<float>, int) const;
template void Communicator::broadcast(std::span<double>, int) const;
template void Communicator::broadcast(std::span<std::int32_t>, int) const;
template void Communicator::broadcast(std::span<std::int64_t>, int) const;
template void Communicator::broadcast(std::span<std::uint64_t>, int) const;

}  // namespace cauchy::communication
