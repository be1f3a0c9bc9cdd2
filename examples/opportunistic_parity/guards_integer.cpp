// SPDX-License-Identifier: BSL-1.0
#include "make_guards.hpp"

#include <upset/format/int8_affine.hpp>
#include <upset/pass/convert.hpp>

std::vector<Guard> integer_guards() { return make_guards<upset::Int8Affine>(); }

upset::Network in_integers(const upset::Network& real, upset::Granularity granularity) {
  return upset::convert<upset::Int8Affine>(real, upset::every_layer, granularity);
}
