// SPDX-License-Identifier: BSL-1.0
/// Comma-separated values.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/report/cell.hpp>
#include <upset/report/output_file.hpp>

namespace upset {

/// A field as CSV writes it: in quotes, inner quotes doubled, where it holds a comma, a quote or a
/// line break.
///
/// - source: RFC 4180, section 2
[[nodiscard]] inline std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    return std::string(text);
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted.append(c == '"' ? 2 : 1, c);
  }
  return quoted + '"';
}

/// Writes rows under named columns; the file appears when `close` is called, whole.
///
/// Fields are quoted by RFC 4180; lines end with a line feed alone, as the tools of Unix expect.
/// Numbers read back exactly, whatever the locale.
///
/// - errors: a file that cannot be written, or a row of another length than the header: `Error`
class CsvWriter {
 public:
  CsvWriter(std::filesystem::path path, const std::vector<std::string>& columns)
      : file_(std::move(path)), columns_(columns.size()) {
    row({columns.begin(), columns.end()});
  }

  void row(const std::vector<Cell>& cells) {
    if (cells.size() != columns_) {
      throw Error("A row of " + std::to_string(cells.size()) + " fields does not fit the " +
                  std::to_string(columns_) + " columns of " + file_.path().string());
    }
    line_.clear();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      line_ += (i == 0 ? "" : ",") + csv_field(cells[i].text);
    }
    if (line_.empty()) {
      line_ = "\"\"";  // one empty field; without quotes readers skip it as a blank line
    }
    line_ += '\n';
    file_.write(line_);
  }

  /// Gives the file its name. A writer destroyed before leaves nothing behind.
  void close() { file_.commit(); }

 private:
  OutputFile file_;
  std::size_t columns_;
  std::string line_;
};

}  // namespace upset
