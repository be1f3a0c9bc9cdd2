// SPDX-License-Identifier: BSL-1.0
/// The rows of the table: which formats under which protections, as networks to be made.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <upset/nn/network.hpp>

/// How the weights of a format come about.
enum class Training {
  rounded,     ///< rounded from the float network after training
  fine_tuned,  ///< rounded, then trained on with straight-through gradients
  scratch,     ///< an architecture of its own, trained from the start
};

/// One row. Rows of the same format share its trained weights.
struct Row {
  std::string format;      ///< as given to --formats and written to table.csv
  std::string protection;  ///< "none", "parity/weight", "parity/64", "TMR", ...
  Training training = Training::rounded;
  int element_bits = 0;  ///< bits of an unprotected code
  bool centred = false;  ///< activations are moved around zero before they are rounded
  double epochs = 0;     ///< of training in this format, as a share of the float network's
  /// The network in this row's format, from a float one of the same architecture.
  std::function<upset::Network(const upset::Network&)> build;
  /// The float architecture that is trained where `training` is `scratch`.
  std::function<upset::Network(const upset::Shape&, std::size_t)> architecture;
};

[[nodiscard]] std::vector<Row> float_rows();
[[nodiscard]] std::vector<Row> integer_rows();
[[nodiscard]] std::vector<Row> sign_rows();

/// All rows, in the order of the table.
[[nodiscard]] inline std::vector<Row> all_rows() {
  std::vector<Row> rows = float_rows();
  for (const auto& more : {integer_rows(), sign_rows()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}
