#pragma once
/// A temporary folder that all ranks of a test share, made and removed by the root.

#include <memory>
#include <string>

#include "support/temporary_folder.hpp"
#include "support/world.hpp"

namespace cauchy::test {

class SharedFolder {
 public:
  /// Collective.
  SharedFolder() {
    if (world().is_root()) {
      own_ = std::make_unique<TemporaryFolder>();
      path_ = (*own_ / "").string();
    }
    world().broadcast(path_);
  }

  /// Collective: the folder goes when no rank needs it any more.
  ~SharedFolder() { world().barrier(); }
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + name; }

 private:
  std::unique_ptr<TemporaryFolder> own_;
  std::string path_;
};

}  // namespace cauchy::test
