#pragma once
/// Storage on cache-line borders: the bits of a vectorised loop may depend on where its data start.

#include <cstddef>
#include <new>
#include <utility>
#include <vector>

namespace cauchy::linear_algebra {

inline constexpr std::size_t alignment_bytes = 64;

/// Rounds a count of elements up to whole groups of 16, a cache line of floats.
constexpr std::size_t padded(std::size_t elements) {
  return (elements + 15) / 16 * 16;
}

// What the processor's tables of pages hold beside ordinary ones of 4 kB, of which a large network has too many.
inline constexpr std::size_t huge_page_bytes = std::size_t{1} << 21;

/// Memory that starts on the border of a huge page, and consists of such pages if the system has them.
[[gnu::malloc]] void* allocate_huge_pages(std::size_t bytes);
void release_huge_pages(void* memory) noexcept;

/// Allocates on 64-byte borders, and from 2 MB on in huge pages: passes over large vectors are nearly twice as fast.
template <typename T>
struct AlignedAllocator {
  using value_type = T;

  AlignedAllocator() = default;
  template <typename U>
  // NOLINTNEXTLINE(google-explicit-constructor): the allocator requirements ask for this conversion
  constexpr AlignedAllocator(const AlignedAllocator<U>& /*other*/) noexcept {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    return static_cast<T*>(bytes < huge_page_bytes ? ::operator new (bytes, std::align_val_t{alignment_bytes})
                                                   : allocate_huge_pages(bytes));
  }
  void deallocate(T* pointer, std::size_t count) noexcept {
    if (count * sizeof(T) < huge_page_bytes) {
      ::operator delete (pointer, std::align_val_t{alignment_bytes});
    } else {
      release_huge_pages(pointer);
    }
  }

  template <typename U>
  bool operator==(const AlignedAllocator<U>& /*other*/) const noexcept {
    return true;
  }
};

template <typename T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

/// The same, but new elements have no value until somebody writes one: for large memory that is written anyway.
template <typename T>
struct UnsetAllocator : AlignedAllocator<T> {
  template <typename U>
  struct rebind {
    using other = UnsetAllocator<U>;
  };

  UnsetAllocator() = default;
  template <typename U>
  // NOLINTNEXTLINE(google-explicit-constructor): as above
  constexpr UnsetAllocator(const UnsetAllocator<U>& /*other*/) noexcept {}

  template <typename U>
  void construct(U* element) noexcept {
    ::new (static_cast<void*>(element)) U;
  }
  template <typename U, typename... Arguments>
  void construct(U* element, Arguments&&... arguments) {
    ::new (static_cast<void*>(element)) U(std::forward<Arguments>(arguments)...);
  }
};

template <typename T>
using UnsetVector = std::vector<T, UnsetAllocator<T>>;

}  // namespace cauchy::linear_algebra
