// SPDX-License-Identifier: BSL-1.0
/// From a pair of types to a row.
#pragma once

#include <string>
#include <utility>

#include "rows.hpp"

#include <upset/guard/guards.hpp>
#include <upset/nn/model/lenet5.hpp>
#include <upset/pass/convert.hpp>

/// A row whose weights are `W` and activations `A`, the same guard on both.
template <upset::Format W, upset::Format A = W>
[[nodiscard]] Row make_row(std::string format, std::string protection,
                           Training training = Training::rounded) {
  Row row{.format = std::move(format),
          .protection = std::move(protection),
          .training = training,
          .element_bits = W::width,
          .centred = false,
          .epochs = training == Training::fine_tuned ? 1.0 / 8 : 0,
          .build = [](const upset::Network& net) { return upset::convert<W, A>(net); },
          .architecture = {}};
  return row;
}
