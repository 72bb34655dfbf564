#pragma once
/// Whether a message says what it should.

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cauchy::test {

/// EXPECT_TRUE(mentions(message, {"train.h5", "row 3"})) shows the message if a word is missing.
inline testing::AssertionResult mentions(const std::string& text, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (text.find(word) == std::string::npos) {
      return testing::AssertionFailure() << "\"" << text << "\" does not mention \"" << word << "\"";
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace cauchy::test
