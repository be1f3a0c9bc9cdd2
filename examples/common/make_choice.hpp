// SPDX-License-Identifier: BSL-1.0
/// From types to choices.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

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

/// `make.operator()<W, A>(guard)` of the formats as they are and under every guard.
template <upset::Format W, upset::Format A, class Make>
[[nodiscard]] std::vector<Choice> under_every_guard(const Make& make) {
  using namespace upset;
  using Word = std::uint64_t;
  using Wide = WideWord<256>;
  return {
      make.template operator()<W, A>("none"),
      make.template operator()<ParityGuarded<W, Unsigned<W::width>>,
                               ParityGuarded<A, Unsigned<A::width>>>("parity"),
      make.template operator()<ParityGuarded<W, Word>, ParityGuarded<A, Word>>("parity64"),
      make.template operator()<ParityGuarded<W, Wide>, ParityGuarded<A, Wide>>("parity256"),
      make.template operator()<Secded<W, Word>, Secded<A, Word>>("secded"),
      make.template operator()<Triplicated<W>, Triplicated<A>>("tmr"),
      make.template operator()<MsbDuplicated<W>, MsbDuplicated<A>>("msb"),
  };
}

template <upset::Format W, upset::Format A = W>
[[nodiscard]] std::vector<Choice> make_guarded_choices(const std::string& format) {
  return under_every_guard<W, A>(
      [&]<upset::Format GuardedW, upset::Format GuardedA>(std::string guard) {
        return make_choice<GuardedW, GuardedA>(format, std::move(guard));
      });
}
