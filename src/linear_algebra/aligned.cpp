// Huge pages for large memory.

#include "cauchy/linear_algebra/aligned.hpp"

#include <sys/mman.h>

namespace cauchy::linear_algebra {

void* allocate_huge_pages(std::size_t bytes) {
  void* const memory = ::operator new (bytes, std::align_val_t{huge_page_bytes});
  // An advice: where it is not taken, all goes on in small pages. The rest behind the last whole huge page stays small.
  static_cast<void>(madvise(memory, bytes / huge_page_bytes * huge_page_bytes, MADV_HUGEPAGE));
  return memory;
}

void release_huge_pages(void* memory) noexcept {
  ::operator delete (memory, std::align_val_t{huge_page_bytes});
}

}  // namespace cauchy::linear_algebra
