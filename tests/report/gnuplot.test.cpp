// SPDX-License-Identifier: BSL-1.0
#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

#include <upset/report/gnuplot.hpp>

TEST_CASE("gnuplot: draws a script, and any text arrives as it was") {
  const std::string text = "it's 'so' {x}_y ^2 \\n $a `ls` \"q\" %d @b";
  const std::string drawn =
      upset::run_gnuplot("set terminal dumb 100,20 noenhanced\nset title " +
                         upset::gnuplot_string(text) + " noenhanced\nplot [0:1] x notitle\n");
  CHECK(drawn.find(text) != std::string::npos);
  CHECK(upset::gnuplot_string("a\nb") == "'a b'");
  CHECK(upset::gnuplot_string("\x1B\xC3\xA4\xFF") == "'\xEF\xBF\xBD\xC3\xA4\xEF\xBF\xBD'");
}

TEST_CASE("gnuplot: a script that fails is reported with gnuplot's words") {
  try {
    static_cast<void>(upset::run_gnuplot("set terminal svg\nplot nonsense(\n"));
    FAIL("nothing was thrown");
  } catch (const upset::Error& error) {
    const std::string text = error.what();
    CHECK(text.starts_with("gnuplot could not draw a plot: "));
    CHECK(text.find("line 3") != std::string::npos);
  }
}

TEST_CASE("gnuplot: where it is missing the error names the package") {
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nonexistent", 1);
  std::string message;
  try {
    static_cast<void>(upset::run_gnuplot("set terminal svg\nplot x\n"));
  } catch (const upset::Error& error) {
    message = error.what();
  }
  setenv("PATH", path.c_str(), 1);
  CHECK(message ==
        "Plots are drawn by gnuplot, which is not installed; install the package gnuplot-nox");
}

TEST_CASE("gnuplot: temporary files are gone afterwards, and their folder may have any name") {
  namespace fs = std::filesystem;
  const upset::detail::TemporaryFolder folder;
  const fs::path odd = folder.path() / "it's $HOME \"here\"";
  fs::create_directory(odd);
  const char* before = std::getenv("TMPDIR");
  const std::string restore = before == nullptr ? "" : before;
  setenv("TMPDIR", odd.c_str(), 1);
  const std::string drawn = upset::run_gnuplot("set terminal dumb\nplot [0:1] x notitle\n");
  if (before == nullptr) {
    unsetenv("TMPDIR");
  } else {
    setenv("TMPDIR", restore.c_str(), 1);
  }
  CHECK_FALSE(drawn.empty());
  CHECK(fs::is_empty(odd));
}
