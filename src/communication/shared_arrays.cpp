// Sums over the ranks of one host, in memory that they share.

#include "cauchy/communication/shared_arrays.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "socket.hpp"

namespace cauchy::communication {
namespace {

/// Before the array: the mark of the rank that it belongs to.
constexpr std::size_t header_bytes = 4096;

/// Elements that stay in the nearest cache while the arrays are added up.
constexpr std::size_t piece_elements = 2048;

/// Where a rank's array is found, and how it is known again: process ids are reused, and may count otherwise elsewhere.
struct Place {
  std::int64_t process = 0;
  std::int64_t descriptor = 0;
  std::int64_t mark = 0;
};

/// Collective. Of all ranks.
std::vector<Place> exchanged(const Communicator& ranks, const Place& own) {
  const auto size = static_cast<std::size_t>(ranks.size());
  const auto rank = static_cast<std::size_t>(ranks.rank());
  std::vector<std::int64_t> numbers(3 * size, 0);
  numbers[3 * rank] = own.process;
  numbers[3 * rank + 1] = own.descriptor;
  numbers[3 * rank + 2] = own.mark;
  ranks.sum<std::int64_t>(numbers);
  std::vector<Place> places(size);
  for (std::size_t i = 0; i < size; ++i) {
    places[i] = {numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2]};
  }
  return places;
}

/// Collective. Whether it is true on every rank.
bool everywhere(const Communicator& ranks, bool value) {
  std::int32_t failed = value ? 0 : 1;
  ranks.maximum<std::int32_t>({&failed, 1});
  return failed == 0;
}

template <typename T>
T* values_in(std::span<std::byte> bytes) {
  return reinterpret_cast<T*>(bytes.data());
}

std::int64_t new_mark() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return static_cast<std::int64_t>(now) ^ (static_cast<std::int64_t>(::getpid()) << 40);
}

}  // namespace

/// Shared memory; none where the system gave none.
class SharedArrays::Mapping {
 public:
  Mapping(int descriptor, std::size_t bytes)
      : bytes_(bytes), address_(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)) {}
  ~Mapping() {
    if (*this) {
      ::munmap(address_, bytes_);
    }
  }
  Mapping(Mapping&& other) noexcept : bytes_(other.bytes_), address_(std::exchange(other.address_, MAP_FAILED)) {}
  Mapping& operator=(Mapping&&) = delete;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  explicit operator bool() const { return address_ != MAP_FAILED; }
  std::int64_t& mark() const { return *static_cast<std::int64_t*>(address_); }
  std::span<std::byte> array() const {
    return std::span(static_cast<std::byte*>(address_), bytes_).subspan(header_bytes);
  }

 private:
  std::size_t bytes_;
  void* address_;
};

SharedArrays::SharedArrays(const Communicator& ranks, std::vector<Mapping> arrays)
    : ranks_(ranks), arrays_(std::move(arrays)) {}

SharedArrays::~SharedArrays() = default;

std::unique_ptr<SharedArrays> SharedArrays::make(const Communicator& ranks, std::size_t bytes) {
  if (ranks.size() == 1 || spans_hosts(ranks)) {
    return nullptr;
  }
  const std::size_t whole = header_bytes + bytes;
  // No name in a file system, which might be small; all of the memory is taken now, not at the first touch.
  const Socket own(::memfd_create("cauchy-sum", MFD_CLOEXEC));
  const bool have_memory = own.is_open() && ::posix_fallocate(own.number(), 0, static_cast<off_t>(whole)) == 0;
  Place place{::getpid(), own.number(), new_mark()};
  if (have_memory) {
    const Mapping header(own.number(), header_bytes);
    if (header) {
      header.mark() = place.mark;
    }
  }
  std::vector<Mapping> arrays;
  bool complete = everywhere(ranks, have_memory);
  for (const Place& of_rank : exchanged(ranks, place)) {
    if (complete) {
      const std::string path = "/proc/" + std::to_string(of_rank.process) + "/fd/" + std::to_string(of_rank.descriptor);
      const Socket file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
      struct stat status {};
      complete = file.is_open() && ::fstat(file.number(), &status) == 0 && status.st_size == static_cast<off_t>(whole);
      if (complete) {
        arrays.emplace_back(file.number(), whole);
        complete = arrays.back() && arrays.back().mark() == of_rank.mark;
      }
    }
  }
  // The others have opened it, or never will: the descriptor may be closed.
  return everywhere(ranks, complete) ? std::unique_ptr<SharedArrays>(new SharedArrays(ranks, std::move(arrays)))
                                     : nullptr;
}

std::span<std::byte> SharedArrays::own() const {
  return arrays_[static_cast<std::size_t>(ranks_.rank())].array();
}

/// Calls take(first, sums) for pieces of [first, last).
template <typename T, typename Take>
void SharedArrays::add_up(std::size_t first, std::size_t last, Take take) const {
  std::array<T, piece_elements> piece;
  for (; first < last; first += piece_elements) {
    const std::size_t elements = std::min(piece_elements, last - first);
    std::copy_n(values_in<T>(arrays_.front().array()) + first, elements, piece.data());
    for (const Mapping& array : std::span(arrays_).subspan(1)) {
      const T* const other = values_in<T>(array.array()) + first;
      for (std::size_t i = 0; i < elements; ++i) {
        piece[i] += other[i];
      }
    }
    take(first, std::span<const T>(piece).first(elements));
  }
}

// What a rank wrote before a collective is there for those that have left it: MPI's own messages within a host rest on
// the same.
template <typename T>
void SharedArrays::sum() {
  const std::size_t count = own().size() / sizeof(T);
  const auto size = static_cast<std::size_t>(ranks_.size());
  const auto rank = static_cast<std::size_t>(ranks_.rank());
  add_up<T>(count * rank / size, count * (rank + 1) / size, [this](std::size_t first, std::span<const T> sums) {
    for (const Mapping& array : arrays_) {
      std::ranges::copy(sums, values_in<T>(array.array()) + first);
    }
  });
  ranks_.barrier();
}

template <typename T>
void SharedArrays::sum_part(std::size_t first, std::size_t count) {
  add_up<T>(first, first + count, [this](std::size_t begin, std::span<const T> sums) {
    std::ranges::copy(sums, values_in<T>(own()) + begin);
  });
  ranks_.barrier();  // before anybody writes again what others read
}

template <typename T>
bool SharedArrays::holds(std::span<const std::size_t> bounds) const {
  const auto is_too_large = [this](std::size_t first, std::size_t last) {
    return (last - first) * sizeof(T) > own().size();
  };
  return std::ranges::adjacent_find(bounds, is_too_large) == bounds.end();
}

template <typename T>
void SharedArrays::exchange(std::span<T> values, std::span<const std::size_t> bounds) {
  const auto part = [&](std::size_t rank) { return values.subspan(bounds[rank], bounds[rank + 1] - bounds[rank]); };
  const auto own_rank = static_cast<std::size_t>(ranks_.rank());
  std::ranges::copy(part(own_rank), values_in<T>(own()));
  ranks_.barrier();
  for (std::size_t rank = 0; rank < arrays_.size(); ++rank) {
    if (rank != own_rank) {
      std::copy_n(values_in<T>(arrays_[rank].array()), part(rank).size(), part(rank).data());
    }
  }
  ranks_.barrier();  // before anybody writes again what others read
}

template bool SharedArrays::holds<float>(std::span<const std::size_t>) const;
template bool SharedArrays::holds<double>(std::span<const std::size_t>) const;
template void SharedArrays::exchange(std::span<float>, std::span<const std::size_t>);
template void SharedArrays::exchange(std::span<double>, std::span<const std::size_t>);
template void SharedArrays::sum<std::int32_t>();
template void SharedArrays::sum<std::int64_t>();
template void SharedArrays::sum_part<std::int32_t>(std::size_t, std::size_t);
template void SharedArrays::sum_part<std::int64_t>(std::size_t, std::size_t);

}  // namespace cauchy::communication
