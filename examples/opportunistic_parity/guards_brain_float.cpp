// SPDX-License-Identifier: BSL-1.0
#include "make_guards.hpp"

#include <upset/format/bfloat16.hpp>
#include <upset/pass/convert.hpp>

std::vector<Guard> brain_float_guards() { return make_guards<upset::BFloat16>(); }

upset::Network in_brain_floats(const upset::Network& real) {
  return upset::convert<upset::BFloat16>(real);
}
