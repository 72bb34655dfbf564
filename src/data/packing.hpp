#pragma once
/// Numbers and texts in one text, to travel between ranks.

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cauchy::data {

class Packer {
 public:
  template <typename T>
  void put(const T& value) requires std::is_trivially_copyable_v<T> {
    text_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void put(const std::string& text) {
    put(std::uint64_t{text.size()});
    text_ += text;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Takes out in the same order what a Packer has put in.
class Unpacker {
 public:
  explicit Unpacker(std::string_view text) : rest_(text) {}

  template <typename T>
  T get() {
    T value{};
    std::memcpy(&value, bytes(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string get_text() { return std::string(bytes(get<std::uint64_t>())); }

 private:
  std::string_view bytes(std::uint64_t count) {
    if (count > rest_.size()) {
      throw std::logic_error("more is unpacked than was packed");
    }
    const std::string_view result = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return result;
  }

  std::string_view rest_;
};

}  // namespace cauchy::data
