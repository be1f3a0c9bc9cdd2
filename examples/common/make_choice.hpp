// SPDX-License-Identifier: BSL-1.0
/// From a pair of types to a choice.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "common/formats.hpp"

#include <upset/guard/guards.hpp>
#include <upset/pass/convert.hpp>

/// Weights `W` and activations `A`, the same guard on both.
template <upset::Format W, upset::Format A = W>
[[nodiscard]] Choice make_choice(std::string format, std::string guard) {
  return {.format = std::move(format),
          .guard = std::move(guard),
          .has_scale = !std::is_empty_v<typename W::Scale>,
          .build = [](const upset::Network& net, upset::Granularity granularity) {
            return upset::convert<W, A>(net, upset::every_layer, granularity);
          }};
}
