// SPDX-License-Identifier: BSL-1.0
/// Runs gnuplot as a child process, and writes text so that gnuplot takes it literally.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>  // POSIX: mkdtemp, WEXITSTATUS
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <upset/core/error.hpp>
#include <upset/report/output_file.hpp>
#include <upset/report/xml_text.hpp>

namespace upset {

namespace detail {

/// A new folder of its own for temporary files, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code problem;
    path_ = std::filesystem::temp_directory_path(problem) / "upset-XXXXXX";
    std::string name = path_.string();
    if (problem || mkdtemp(name.data()) == nullptr) {
      throw Error("Cannot make a temporary folder " + path_.string() +
                  "; set TMPDIR to a folder that can be written");
    }
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The same quoting serves the shell and gnuplot, but for what stands for a quote inside.
[[nodiscard]] inline std::string in_single_quotes(std::string_view text,
                                                  std::string_view inner_quote) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += inner_quote;
    } else {
      quoted += c;
    }
  }
  return quoted + '\'';
}

inline void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

struct CommandResult {
  int status;  ///< as `pclose` gives it
  std::string output;
};

[[nodiscard]] inline CommandResult run_command(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    throw Error("Cannot start a child process: " + std::generic_category().message(errno));
  }
  std::string output;
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    output.append(buffer, n);
  }
  return {pclose(pipe), std::move(output)};
}

}  // namespace detail

/// `text` as a string gnuplot takes as it stands; line breaks become spaces, for a break would end
/// the command, and what no drawing can hold becomes U+FFFD.
[[nodiscard]] inline std::string gnuplot_string(std::string_view text) {
  std::string line = xml_text(text);
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return detail::in_single_quotes(line, "''");
}

/// `text` as the label of a tic, which is a format of numbers to gnuplot: a % is written twice.
[[nodiscard]] inline std::string gnuplot_tic(std::string text) {
  detail::replace_all(text, "%", "%%");
  return gnuplot_string(text);
}

/// What gnuplot draws for `script`, which chooses the terminal but not the output.
///
/// The user's start-up file is not read, so a script draws the same everywhere.
///
/// - errors: throws `Error` where gnuplot is missing, naming the package, and where it fails, with
///           its first words
/// - cost:   one process, some 50 ms
[[nodiscard]] inline std::string run_gnuplot(std::string_view script) {
  const detail::TemporaryFolder folder;
  const std::filesystem::path drawing = folder.path() / "drawing";
  const std::filesystem::path commands = folder.path() / "script";
  write_file(commands, "set output " + detail::in_single_quotes(drawing.string(), "''") + "\n" +
                           std::string(script));
  // The script goes by file: writing to a pipe that a missing gnuplot never reads raises SIGPIPE.
  const auto [status, output] = detail::run_command(
      "gnuplot --default-settings " + detail::in_single_quotes(commands.string(), "'\\''") +
      " 2>&1 </dev/null");
  constexpr int not_found = 127;  // what a shell exits with
  if (WIFEXITED(status) && WEXITSTATUS(status) == not_found) {
    throw Error(
        "Plots are drawn by gnuplot, which is not installed; install the package "
        "gnuplot-nox");
  }
  std::ifstream file(drawing, std::ios::binary);
  std::string drawn{std::istreambuf_iterator<char>(file), {}};
  if (status != 0 || drawn.empty()) {
    throw Error("gnuplot could not draw a plot: " + output.substr(0, 300));
  }
  return drawn;
}

/// A figure as an SVG document: what gnuplot draws for `gnuplot_script(plot)`.
///
/// Browsers show titles inside an SVG as tooltips; names of lines stay, gnuplot's own go.
///
/// - errors: throws as `gnuplot_script` and `run_gnuplot`
template <class Plot>
[[nodiscard]] std::string render_svg(const Plot& plot) {
  std::string svg = run_gnuplot(gnuplot_script(plot));
  detail::replace_all(svg, "<title>Gnuplot</title>\n", "");
  for (auto at = svg.find("<title>gnuplot_plot_"); at != std::string::npos;
       at = svg.find("<title>gnuplot_plot_", at)) {
    svg.erase(at, svg.find("</title>", at) + std::string_view("</title>").size() - at);
  }
  detail::replace_all(svg, "font-family=\"DejaVu Sans\"",
                      "font-family=\"DejaVu Sans, Verdana, sans-serif\"");
  return svg;
}

}  // namespace upset
