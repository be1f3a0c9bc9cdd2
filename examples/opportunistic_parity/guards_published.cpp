// SPDX-License-Identifier: BSL-1.0
// Guards of networks in formats of their own: CMSIS-NN's q7, and the bits of CNV-W1A1.
#include <cstdint>

#include "make_guards.hpp"

#include <upset/format/binary.hpp>
#include <upset/format/fixed.hpp>

using namespace upset;

namespace {

/// Layers read activations in each of `A`; biases are floats without a guard.
template <Format T, Format G, Format... A>
Guard make_published_guard(std::string name) {
  return {std::move(name), [](Network network) {
            ((network = guard<T, G, A, Float32>(std::move(network))), ...);
            return network;
          }};
}

template <Format G>
Guard make_fixed_point_guard(std::string name) {
  return make_published_guard<Fixed<8, 7>, G, Fixed<8, 6>, Fixed<8, 2>, Fixed<8, 1>, Fixed<8, 0>>(
      std::move(name));
}

template <Format G>
Guard make_binary_guard(std::string name) {
  return make_published_guard<Binary, G, Fixed<8, 7>, Binary>(std::move(name));
}

}  // namespace

std::vector<Guard> fixed_point_guards() {
  using W = Fixed<8, 7>;
  return {no_guard(), make_fixed_point_guard<ParityGuarded<W, std::uint8_t>>("weight"),
          make_fixed_point_guard<ParityGuarded<W, std::uint64_t>>("64"),
          make_fixed_point_guard<ParityGuarded<W, WideWord<256>>>("256")};
}

// One bit has none to give away: parity of a weight would make all of them 0.
std::vector<Guard> binary_guards() {
  return {no_guard(), make_binary_guard<ParityGuarded<Binary, std::uint64_t>>("64"),
          make_binary_guard<ParityGuarded<Binary, WideWord<256>>>("256")};
}
