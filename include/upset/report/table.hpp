// SPDX-License-Identifier: BSL-1.0
/// Tables: rows of cells under named columns, for the terminal and for a page.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/report/cell.hpp>

namespace upset {

/// Rows of cells under named columns. Throws `Error` for a row of another length.
class Table {
 public:
  explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  void add_row(std::vector<Cell> cells) {
    if (cells.size() != columns_.size()) {
      throw Error("A row of " + std::to_string(cells.size()) + " cells does not fit a table of " +
                  std::to_string(columns_.size()) + " columns");
    }
    rows_.push_back(std::move(cells));
  }

  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  [[nodiscard]] const std::vector<std::vector<Cell>>& rows() const { return rows_; }

  /// Whether a column holds nothing but numbers (empty cells aside), so that its head goes right.
  [[nodiscard]] bool is_numeric(std::size_t column) const {
    bool any = false;
    for (const auto& row : rows_) {
      any = any || row[column].number;
      if (!row[column].number && !row[column].text.empty()) {
        return false;
      }
    }
    return any;
  }

  /// Columns side by side, numbers to the right, a rule below the heads; lines end in '\n' and have
  /// no spaces before it.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<Cell>> rows_;
};

namespace detail {

// Characters of UTF-8 text: bytes that do not continue one.
[[nodiscard]] inline std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & '\xc0') != '\x80'; }));
}

}  // namespace detail

inline std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    widths.push_back(detail::character_count(columns_[column]));
    for (const auto& row : rows_) {
      widths.back() = std::max(widths.back(), detail::character_count(row[column].text));
    }
  }
  std::string result;
  const auto put = [&](std::size_t column, std::string_view text, bool right) {
    const std::string padding(widths[column] - detail::character_count(text), ' ');
    result.append(column == 0 ? "" : "  ");
    result.append(right ? padding : "").append(text).append(right ? "" : padding);
  };
  const auto end_line = [&] {
    result.erase(result.find_last_not_of(' ') + 1);
    result += '\n';
  };
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    put(column, columns_[column], is_numeric(column));
  }
  end_line();
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    put(column, std::string(widths[column], '-'), false);
  }
  end_line();
  for (const auto& row : rows_) {
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      put(column, row[column].text, row[column].number);
    }
    end_line();
  }
  return result;
}

}  // namespace upset
