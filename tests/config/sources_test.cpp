/// The readers of INI text, files, command lines and environments.

#include "cauchy/config/sources.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/temporary_folder.hpp"

namespace cauchy::config {
namespace {

using Problems = std::vector<std::string>;

/// "key=value@where", for comparison.
Problems shown(const Settings& settings) {
  Problems lines;
  for (const Setting& setting : settings.entries) {
    lines.push_back(setting.key + "=" + setting.value + "@" + setting.where);
  }
  return lines;
}

Problems ini_problems(const std::string& text) {
  return read_ini(text, "x.cfg").problems;
}

/// The value of `key = <text>`, which must be well formed.
std::string ini_reads(const std::string& text) {
  const Settings settings = read_ini("[s]\nkey = " + text + "\n", "x.cfg");
  EXPECT_EQ(settings.problems, Problems{}) << text;
  return settings.entries.empty() ? "nothing" : settings.entries.front().value;
}

TEST(ReadIni, KeysWithTheirLines) {
  const Settings settings = read_ini("# head\n\n[a]\nx = 1\n  y=2  \n[ b ]  # comment\nx = p=q", "x.cfg");
  EXPECT_EQ(settings.problems, Problems{});
  EXPECT_EQ(shown(settings), (Problems{"a.x=1@x.cfg:4", "a.y=2@x.cfg:5", "b.x=p=q@x.cfg:7"}));
}

TEST(ReadIni, ByteOrderMarkAndCarriageReturns) {
  const Settings settings = read_ini("\xef\xbb\xbf[a]\r\nx = 1\r\n\r\ny = \"2\"\r\n", "x.cfg");
  EXPECT_EQ(settings.problems, Problems{});
  EXPECT_EQ(shown(settings), (Problems{"a.x=1@x.cfg:2", "a.y=2@x.cfg:4"}));
}

TEST(ReadIni, ASectionMayContinueLater) {
  EXPECT_EQ(shown(read_ini("[a]\nx=1\n[b]\n[a]\ny=2\n", "f")), (Problems{"a.x=1@f:2", "a.y=2@f:5"}));
}

TEST(ReadIni, CommentsAndQuotes) {
  EXPECT_EQ(ini_reads("a # b"), "a");
  EXPECT_EQ(ini_reads("a\t# b"), "a");
  EXPECT_EQ(ini_reads("a#b"), "a#b");
  EXPECT_EQ(ini_reads("# all comment"), "");
  EXPECT_EQ(ini_reads(""), "");
  EXPECT_EQ(ini_reads("a b"), "a b");
  EXPECT_EQ(ini_reads("\"a # b\"  # c \"d\""), "a # b");
  EXPECT_EQ(ini_reads("\" a \""), " a ");
  EXPECT_EQ(ini_reads("\"\""), "");
  EXPECT_EQ(ini_reads("\"a \\\" # \\\\\""), "a \" # \\");
  EXPECT_EQ(ini_reads("C:\\dir"), "C:\\dir");
}

TEST(ReadIni, MalformedLines) {
  EXPECT_EQ(ini_problems("x = 1\n"),
            Problems{"x.cfg:1: the key x stands outside any section; put a line [section] above it"});
  EXPECT_EQ(ini_problems("[a]\nword\n"), Problems{"x.cfg:2: \"word\" has no '='; a line reads key = value"});
  EXPECT_EQ(ini_problems("[a]\n= 3\n"), Problems{"x.cfg:2: \"= 3\" has no key before '='; a line reads key = value"});
  EXPECT_EQ(ini_problems("[a\nx = 1\n"), Problems{"x.cfg:1: the section header \"[a\" has no ']'"});
  EXPECT_EQ(ini_problems("[ ]\nx = 1\n"), Problems{"x.cfg:1: the section header [] has no name"});
  EXPECT_EQ(ini_problems("[a] x = 1\n"),
            Problems{"x.cfg:1: something follows the section header [a]; put keys on lines of their own"});
}

TEST(ReadIni, MalformedQuotes) {
  EXPECT_EQ(ini_problems("[a]\nx = \"b\n"), Problems{"x.cfg:2: a.x: the closing double quote is missing"});
  EXPECT_EQ(ini_problems("[a]\nx = \"b\" c\n"), Problems{"x.cfg:2: a.x: something follows the closing double quote"});
  for (const char* value : {"b\"c\"", "5\" # wide", "\"a\\n\"", "\"a\\"}) {
    const Settings settings = read_ini("[a]\nx = " + std::string(value) + "\n", "x.cfg");
    EXPECT_EQ(settings.problems.size(), 1U) << value;
    EXPECT_EQ(settings.entries.size(), 0U) << value;
  }
}

TEST(ReadIni, ARepeatedKeyNamesBothLines) {
  EXPECT_EQ(ini_problems("[a]\nx = 1\n[b]\nx = 1\n[a]\nx = 2\n"),
            Problems{"x.cfg:6: a.x is set again, to \"2\"; first x.cfg:2, to \"1\""});
}

TEST(ReadIni, AllProblemsAtOnce) {
  EXPECT_EQ(ini_problems("x = 1\n[a\nword\ny = \"\n").size(), 4U);
}

TEST(IniValue, QuotesWhatNeedsIt) {
  EXPECT_EQ(ini_value("plain text"), "plain text");
  EXPECT_EQ(ini_value(""), "");
  for (const char* value :
       {" lead", "trail\t", "a # b", "#", "say \"x\"", "\"", "\\", "\"\\\\# ", "a\\", "[x]", "=", "λ"}) {
    EXPECT_EQ(ini_reads(ini_value(value)), value);
    EXPECT_EQ(ini_reads(ini_value(value) + "  # comment"), value);
  }
}

/// A file in the test's temporary folder, removed at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) : path_(::testing::TempDir() + "cauchy_sources_test.cfg") {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ReadIniFile, ReadsAFile) {
  const TemporaryFile file("[a]\nx = 1\n");
  EXPECT_EQ(shown(read_ini_file(file.path())), Problems{"a.x=1@" + file.path() + ":2"});
}

TEST(ReadIniFile, TellsWhatIsNoConfigurationFile) {
  EXPECT_EQ(read_ini_file("no/such.cfg").problems,
            Problems{"no/such.cfg: cannot open the configuration file: No such file or directory"});
  EXPECT_EQ(read_ini_file(".").problems, Problems{".: is a directory; a configuration file is wanted"});
  const Problems not_text = read_ini_file(TemporaryFile(std::string("\x89HDF\0\0", 6)).path()).problems;
  ASSERT_EQ(not_text.size(), 1U);
  EXPECT_NE(not_text.front().find("is not a configuration file"), std::string::npos);
  const Problems large = read_ini_file(TemporaryFile(std::string(64 * 1024 + 1, '#')).path()).problems;
  EXPECT_EQ(large.size(), 1U);
  EXPECT_EQ(read_ini_file(TemporaryFile(std::string(64 * 1024, '#')).path()).problems, Problems{});
}

TEST(ReadIniFile, RefusesPipesAndDevices) {
  const test::TemporaryFolder folder;
  const std::string pipe = folder / "pipe";
  const std::string link = folder / "link";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::filesystem::create_symlink(pipe, link);
  for (const std::string& path : {pipe, link, std::string("/dev/null")}) {
    EXPECT_EQ(read_ini_file(path).problems,
              Problems{path + ": is a pipe, socket or device; an ordinary file is wanted"});
  }
}

TEST(ReadIniFile, FollowsLinksToFiles) {
  const TemporaryFile file("[a]\nx = 1\n");
  const test::TemporaryFolder folder;
  const std::string link = folder / "link";
  std::filesystem::create_symlink(file.path(), link);
  EXPECT_EQ(shown(read_ini_file(link)), Problems{"a.x=1@" + link + ":2"});
}

TEST(ReadArguments, AllForms) {
  const std::vector<std::string> tokens = {"--a.b=1", "--a.c", "2",         "--a.d=-1",      "--a.e",   "-3",
                                           "--a.f=",  "--a.g", "--a.h=x=y", "--a.i=a b # c", "--a.j==", "--a.k"};
  const Settings settings = read_arguments(tokens);
  EXPECT_EQ(settings.problems, Problems{});
  EXPECT_EQ(shown(settings),
            (Problems{"a.b=1@command line", "a.c=2@command line", "a.d=-1@command line", "a.e=-3@command line",
                      "a.f=@command line", "a.g=@command line", "a.h=x=y@command line", "a.i=a b # c@command line",
                      "a.j==@command line", "a.k=@command line"}));
  for (const Setting& setting : settings.entries) {
    EXPECT_EQ(setting.without_value, setting.key == "a.g" || setting.key == "a.k") << setting.key;
  }
}

TEST(ReadArguments, AnEmptyValueTakesNoFurtherToken) {
  const Settings settings = read_arguments(std::vector<std::string>{"--a.b=", "stray"});
  EXPECT_EQ(shown(settings), Problems{"a.b=@command line"});
  EXPECT_EQ(settings.problems, Problems{"command line: unexpected \"stray\"; options read --section.key=value"});
}

TEST(ReadArguments, StrayTokensAndRepeats) {
  EXPECT_EQ(read_arguments(std::vector<std::string>{"stray", "-x", "--a.b=1", "more"}).problems.size(), 3U);
  EXPECT_EQ(read_arguments(std::vector<std::string>{"--a.b=1", "--a.b=2"}).problems,
            Problems{"command line: a.b is set again, to \"2\"; first command line, to \"1\""});
  for (const char* odd : {"--=1", "--=", "-", "", "=", "---"}) {
    const Settings settings = read_arguments(std::vector<std::string>{odd});
    EXPECT_EQ(settings.problems.size() + settings.entries.size(), 1U) << odd;
  }
}

TEST(ReadEnvironment, MapsNamesToKeys) {
  const std::vector<Variable> variables = {{"CAUCHY_OPTIMIZER__LEARNING_RATE", "0.1"}, {"CAUCHY_A__B__C", ""}};
  EXPECT_EQ(shown(read_environment(variables)),
            (Problems{"optimizer.learning_rate=0.1@environment variable CAUCHY_OPTIMIZER__LEARNING_RATE",
                      "a.b__c=@environment variable CAUCHY_A__B__C"}));
}

TEST(EnvironmentVariables, TakesOnlyThoseWithASection) {
  ASSERT_EQ(setenv("CAUCHY_TEST__SOME_KEY", "a=b", 1), 0);
  ASSERT_EQ(setenv("CAUCHY_ARCH", "native", 1), 0);
  const std::vector<Variable> variables = environment_variables();
  const auto found = std::ranges::find(variables, "CAUCHY_TEST__SOME_KEY", &Variable::name);
  ASSERT_NE(found, variables.end());
  EXPECT_EQ(found->value, "a=b");
  EXPECT_EQ(std::ranges::find(variables, "CAUCHY_ARCH", &Variable::name), variables.end());
  unsetenv("CAUCHY_TEST__SOME_KEY");
  unsetenv("CAUCHY_ARCH");
}

}  // namespace
}  // namespace cauchy::config
